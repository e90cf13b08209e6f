#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "snug/base/text.hh"
#include "snug/builtin/shell.hh"
#include "snug/sys/file.hh"
#include "snug/sys/process.hh"

namespace snug::test {

struct Ran {
  int code = -1;
  std::string out;  ///< standard output and error together
};

/// An empty folder that goes away with the object.
class Folder {
 public:
  Folder() {
    std::string pattern = "/tmp/snug-unit-XXXXXX";
    if (::mkdtemp(pattern.data())) path_ = pattern;
  }
  ~Folder() { std::system(("rm -rf " + path_).c_str()); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Does words, or what `input` holds, in a child, as snug's own shell would inside; it begins in `folder`.
inline Ran run_shell(std::vector<std::string> words, const std::string& folder, int input = 0) {
  sys::FdPair pipe = sys::make_pipe();
  const pid_t pid = ::fork();
  if (pid == 0) {
    sys::reset_signals();  // doctest's own would be the script's
    ::dup2(input, 0);
    ::dup2(pipe.second.get(), 1);
    ::dup2(pipe.second.get(), 2);
    if (::chdir(folder.c_str()) != 0) ::_exit(99);
    ::_exit(builtin::Shell(false).run({.words = std::move(words), .env = {"PATH=/usr/bin:/bin", "HOME=/root"}}));
  }
  pipe.second.reset();
  Ran ran;
  ran.out = sys::read_all(pipe.first.get());
  int status = 0;
  ::waitpid(pid, &status, 0);
  ran.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return ran;
}

/// Does a script.
inline Ran script(const std::string& text, const std::string& folder = "/", const std::vector<std::string>& more = {}) {
  std::vector<std::string> words{"-c", text};
  words.insert(words.end(), more.begin(), more.end());
  return run_shell(std::move(words), folder);
}

/// Its output, and its exit code where that is not 0.
inline std::string output(const Ran& ran) { return ran.code ? format("{}({})", ran.out, ran.code) : ran.out; }
inline std::string output(const std::string& text, const std::string& folder = "/") { return output(script(text, folder)); }

/// The same of what comes in on standard input.
inline std::string lines(const std::string& text) {
  sys::FdPair pipe = sys::make_pipe();
  static_cast<void>(sys::write_all(pipe.second.get(), text));  // less than a pipe holds
  pipe.second.reset();
  return output(run_shell({}, "/", pipe.first.get()));
}

}  // namespace snug::test
