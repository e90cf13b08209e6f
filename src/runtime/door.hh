#pragma once

#include "snug/sys/fd.hh"

namespace snug::runtime {

/// What the socket in a container's folder is called.
inline constexpr const char* door_name = "attach";

/// The socket by which others come to a detached container. It goes away with the object.
class Door {
 public:
  /// Opens it in `folder`, which stays the caller's, in place of what a crash left. Throws.
  explicit Door(int folder);
  ~Door() { close(); }
  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;

  [[nodiscard]] int fd() const { return socket_.get(); }
  /// Lets somebody in; empty where there is nobody, or somebody of another account.
  [[nodiscard]] sys::Fd admit() const;
  void close();

 private:
  int folder_;
  sys::Fd socket_;
};

/// Comes to the door in `folder`; empty with errno set where there is nobody.
[[nodiscard]] sys::Fd knock(int folder);

}  // namespace snug::runtime
