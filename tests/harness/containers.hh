#pragma once

#include <sys/types.h>

#include <string>

#include "images.hh"

namespace snug::test {

/// A store of its own, in which containers live for as long as this does: at the end all of them are removed by force.
class Containers : public Data {
 public:
  Containers() = default;
  ~Containers();
  Containers(const Containers&) = delete;
  Containers& operator=(const Containers&) = delete;

  /// `snug run -d --userns single --name NAME SMALL_ROOT sh -c SCRIPT`
  [[nodiscard]] Result run_detached(const std::string& name, const std::string& script) const;

  /// Where what the container writes lies.
  [[nodiscard]] std::string upper(const std::string& name) const;

  /// The numbers of the container's monitor and of its pid 1, outside.
  [[nodiscard]] pid_t monitor(const std::string& name) const;
  [[nodiscard]] pid_t init(const std::string& name) const;

  /// Whether neither a container nor a name is left.
  [[nodiscard]] bool is_empty() const;

 private:
  [[nodiscard]] std::string inspected(const std::string& name, const std::string& key) const;
};

/// Whether there is such a process that has not ended.
[[nodiscard]] bool is_alive(pid_t pid);

/// Whether the process, which runs the program `name` by now, waits for something.
[[nodiscard]] bool is_asleep(pid_t pid, const std::string& name);

/// The text of a file; "" where there is none.
[[nodiscard]] std::string read_file(const std::string& path);

}  // namespace snug::test
