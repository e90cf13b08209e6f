#pragma once

#include <array>
#include <optional>

#include "caller_path.hh"
#include "owner_request.hh"
#include "snug/base/owner_mark.hh"
#include "snug/sys/notification.hh"

namespace snug::runtime {

/// Answers calls about owners, modes and devices of files in place of the kernel, as root of the container's user namespace, from what
/// OwnerMarks keep. Allocates nothing and throws nothing.
class OwnerAnswers {
 public:
  /// `listener` and `processes`, the current folder, a /proc in which who calls is seen, stay the caller's.
  OwnerAnswers(int listener, int processes) noexcept : listener_(listener), root_(processes) {}

  /// Takes one call and answers it.
  void take() noexcept;

 private:
  /// What the call gives: an errno, or 0; nothing: what the kernel says.
  using Answer = std::optional<int>;

  [[nodiscard]] Answer answer(const OwnerRequest& request) noexcept;
  [[nodiscard]] bool find_path(const OwnerRequest& request) noexcept;
  [[nodiscard]] Answer look(const OwnerRequest& request) noexcept;
  [[nodiscard]] Answer tell(const OwnerRequest& request, int file, OwnerMark mark) noexcept;
  [[nodiscard]] Answer give(const OwnerRequest& request) noexcept;
  [[nodiscard]] Answer set_mode(const OwnerRequest& request) noexcept;
  [[nodiscard]] Answer make_device(const OwnerRequest& request) noexcept;
  [[nodiscard]] Answer set_attribute(const OwnerRequest& request) noexcept;
  [[nodiscard]] Answer set_list(const OwnerRequest& request, bool of_new_files) noexcept;
  [[nodiscard]] bool is_marked(const OwnerRequest& request) noexcept;
  [[nodiscard]] bool is_plain(int number) noexcept;
  [[nodiscard]] bool is_waiting() const noexcept { return sys::is_waiting(listener_, call_.id); }

  int listener_;
  sys::WaitingCall call_;
  sys::Fd thread_;           ///< who asked last, and
  pid_t thread_number_ = 0;  ///< its number: most ask again
  CallerPath path_;
  bool itself_ = false;  ///< no path: it is about what is open, or the thread's folder
  CallerRoot root_;
};

}  // namespace snug::runtime
