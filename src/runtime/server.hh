#pragma once

#include <string>

#include "snug/plan/step.hh"
#include "snug/sys/fd.hh"
#include "snug/sys/process.hh"

namespace snug::runtime {

/// The program that serves an overlay of the container (plan::MakeOverlay::program): a child of the monitor, which dies with it.
class Server {
 public:
  /// Starts it in a user namespace of its own with the maps of the container's, so that nobody in there can look into it: root over the
  /// same ids, with `device`, the layers and nothing else of the caller's. `folder` is the container's. Where it cannot start, whoever looks at
  /// the mount is told.
  Server(const plan::WriteIdMaps& maps, const plan::MakeOverlay& step, const std::string& folder, sys::Fd device);

  /// Waits for it to end, which it does by itself once the mount is gone: what was written is on its way to the disk. Kills it where that
  /// takes long.
  ~Server();

  Server(Server&& other) noexcept = default;
  Server& operator=(Server&&) = delete;

 private:
  sys::Cloned process_;
};

}  // namespace snug::runtime
