#include "harness.hh"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <iterator>
#include <stdexcept>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::test {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> out;
  for (std::string& word : words) out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

[[noreturn]] void exec(std::vector<std::string> words, std::vector<std::string> env, const std::string& folder) {
  for (const char* name : {"HOME", "PATH", "TERM"}) env.push_back(format("{}={}", name, variable(name)));
  if (!folder.empty() && ::chdir(folder.c_str()) != 0) ::_exit(99);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGINT, SIGQUIT}) ::signal(number, SIG_DFL);  // a script has them ignored by what it starts in the background
  ::execvpe(words[0].c_str(), pointers(words).data(), pointers(env).data());
  ::_exit(98);
}

// "" where the process is gone, also when it went between the opening and the reading.
std::string process_text(pid_t pid, const char* name) {
  try {
    return sys::find_file_text(format("/proc/{}/{}", pid, name).c_str()).value_or("");
  } catch (const Error&) {
    return "";
  }
}

int exit_code(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

int wait_for(pid_t pid, long* peak = nullptr) {
  int status = 0;
  rusage usage{};
  while (::wait4(pid, &status, 0, &usage) < 0 && errno == EINTR) {
  }
  if (peak) *peak = usage.ru_maxrss;
  return exit_code(status);
}

sys::FdPair make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
  return {sys::Fd(ends[0]), sys::Fd(ends[1])};
}

// Reads what is there into `text`; closes the descriptor at its end.
void take(sys::Fd& fd, std::string& text) {
  char buffer[4096];
  const ssize_t count = ::read(fd.get(), buffer, sizeof buffer);
  if (count > 0)
    text.append(buffer, static_cast<std::size_t>(count));
  else
    fd.reset();
}

// Writes what fits; closes the descriptor when nothing is left, or nobody reads.
void give(sys::Fd& fd, std::string_view& text) {
  const ssize_t count = ::write(fd.get(), text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
  text.remove_prefix(count > 0 ? static_cast<std::size_t>(count) : text.size());
  if (text.empty()) fd.reset();
}

// Who does not read its input to the end ends nobody but itself; children get the signal as it was.
class IgnoredPipe {
 public:
  IgnoredPipe() : before_(::signal(SIGPIPE, SIG_IGN)) {}
  ~IgnoredPipe() { ::signal(SIGPIPE, before_); }
  IgnoredPipe(const IgnoredPipe&) = delete;
  IgnoredPipe& operator=(const IgnoredPipe&) = delete;

 private:
  void (*before_)(int);
};

}  // namespace

std::string program() { return variable("SNUG_BIN"); }
std::string small_root() { return variable("SNUG_TEST_ROOT"); }
std::string debian_root() { return variable("SNUG_TEST_DEBIAN"); }

void skip(const std::string& reason) {
  const sys::Fd file = sys::try_open(AT_FDCWD, variable("SNUG_TEST_SKIPS").c_str(), O_WRONLY | O_APPEND);
  static_cast<void>(sys::write_all(file.get(), reason + "\n"));
}

void pause_briefly() {
  const timespec time{0, 50'000'000};
  ::nanosleep(&time, nullptr);
}

Result run(const std::vector<std::string>& words, const Options& options) {
  sys::FdPair in = make_pipe(), out = make_pipe(), err = make_pipe();
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(in.first.get(), 0);
    ::dup2(out.second.get(), 1);
    ::dup2(err.second.get(), 2);
    exec(words, options.env, options.folder);
  }
  const IgnoredPipe ignored;
  in.first.reset();
  out.second.reset();
  err.second.reset();
  Result result;
  std::string_view input = options.input;
  if (input.empty()) in.second.reset();
  const auto deadline = Clock::now() + options.patience;
  while (out.first || err.first) {
    pollfd polls[3]{{out.first.get(), POLLIN, 0}, {err.first.get(), POLLIN, 0}, {in.second.get(), POLLOUT, 0}};
    if (::poll(polls, 3, 1000) > 0) {
      if (polls[0].revents) take(out.first, result.out);
      if (polls[1].revents) take(err.first, result.err);
      if (polls[2].revents) give(in.second, input);
    }
    if (Clock::now() < deadline) continue;
    ::kill(pid, SIGKILL);
    wait_for(pid);
    return result;
  }
  result.code = wait_for(pid, &result.peak);
  return result;
}

Result inside(const std::string& script, const std::vector<std::string>& options) {
  std::vector<std::string> words{program(), "run", "--userns", "single"};
  words.insert(words.end(), options.begin(), options.end());
  words.insert(words.end(), {small_root(), "sh", "-c", script});
  return run(words);
}

pid_t only_child(pid_t pid) {
  const std::string children = process_text(pid, format("task/{}/children", pid).c_str());
  const auto child = parse_number(trimmed(children));
  if (!child) throw std::runtime_error("no single child");
  return static_cast<pid_t>(*child);
}

Background::Background(const std::vector<std::string>& words) : pid_(::fork()) {
  if (pid_ != 0) return;
  const int null = ::open("/dev/null", O_RDWR);
  for (const int fd : {0, 1, 2}) ::dup2(null, fd);
  exec(words, {}, "");
}

Background::~Background() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  wait_for(pid_);
}

void Background::signal(int number) const { ::kill(pid_, number); }

int Background::wait() {
  const int code = wait_for(pid_);
  pid_ = -1;
  return code;
}

Terminal::Terminal(const std::vector<std::string>& words, unsigned short rows, unsigned short columns) {
  const winsize size{rows, columns, 0, 0};
  int outer = -1;
  pid_ = ::forkpty(&outer, nullptr, nullptr, &size);
  if (pid_ == 0) exec(words, {}, "");
  outer_ = sys::Fd(outer);
  ::fcntl(outer, F_SETFD, FD_CLOEXEC);
}

Terminal::~Terminal() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  outer_.reset();
  wait_for(pid_);
}

void Terminal::send(const std::string& keys) { static_cast<void>(sys::write_all(outer_.get(), keys)); }

bool Terminal::ask_until(const std::string& keys, const std::string& text) {
  return eventually([&] { return send(keys), expect(text, std::chrono::seconds(1)); });
}

bool Terminal::expect(const std::string& text, std::chrono::seconds patience) {
  const auto deadline = Clock::now() + patience;
  for (;;) {
    if (const std::size_t at = seen_.find(text); at != std::string::npos) {
      seen_.erase(0, at + text.size());
      return true;
    }
    pollfd poll{outer_.get(), POLLIN, 0};
    if (Clock::now() > deadline) return false;
    if (::poll(&poll, 1, 200) <= 0) continue;
    char buffer[4096];
    const ssize_t count = ::read(outer_.get(), buffer, sizeof buffer);
    if (count <= 0) return false;
    seen_.append(buffer, static_cast<std::size_t>(count));
  }
}

void Terminal::resize(unsigned short rows, unsigned short columns) {
  const winsize size{rows, columns, 0, 0};
  ::ioctl(outer_.get(), TIOCSWINSZ, &size);
}

void Terminal::hang_up() { outer_.reset(); }

int Terminal::wait() {
  while (outer_) {  // a program that still writes would not end otherwise
    pollfd poll{outer_.get(), POLLIN, 0};
    if (::poll(&poll, 1, static_cast<int>(std::chrono::milliseconds(tests_patience).count())) <= 0) {
      ::kill(pid_, SIGKILL);  // it waits for something that nobody will type: the exit code tells
      break;
    }
    take(outer_, seen_);
  }
  const int code = wait_for(pid_);
  pid_ = -1;
  return code;
}

std::vector<std::string> outer_shell() { return {"/usr/bin/env", "PS1=outer$ ", "/bin/bash", "--norc", "--noediting", "-i"}; }

Scratch::Scratch(std::string parent) {
  std::string pattern = (parent.empty() ? variable("HOME") : std::move(parent)) + "/scratch.XXXXXX";
  if (!::mkdtemp(pattern.data())) throw std::runtime_error("mkdtemp " + pattern);
  path_ = pattern;
}

Scratch::~Scratch() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void Scratch::write(const std::string& name, const std::string& text) const {
  const sys::Fd file = sys::open(AT_FDCWD, path_ + "/" + name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (sys::write_all(file.get(), text) != 0) throw std::runtime_error("write " + name);
}

std::vector<std::string> snapshot(const std::string& folder) {
  std::vector<std::string> lines;
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, fs::directory_options::skip_permission_denied);
  for (; entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    struct stat status {};
    ::lstat(entry->path().c_str(), &status);
    const bool plain = S_ISREG(status.st_mode) && status.st_size < 4096;
    lines.push_back(format("{} {:o} {} {}", entry->path().string(), status.st_mode, S_ISDIR(status.st_mode) ? 0 : status.st_nlink,
                           plain ? sys::find_file_text(entry->path().c_str()).value_or("") : ""));
  }
  if (error == std::errc::no_such_file_or_directory) return snapshot(folder);  // somebody works there still, and took away what was met
  if (error) throw fs::filesystem_error("look through", folder, error);
  std::sort(lines.begin(), lines.end());
  return lines;
}

namespace {

// Reads which ids are this user's: his own, and those of his ranges.
std::vector<std::pair<std::uint64_t, std::uint64_t>> read_own_ids() {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ids{{::getuid(), 1}};
  const std::string number = format("{}", ::getuid()), accounts = sys::find_file_text("/etc/passwd").value_or(""), ranges = sys::find_file_text("/etc/subuid").value_or("");
  std::string name;
  for (const std::string_view line : lines(accounts))
    if (const auto fields = split(line, ':'); fields.size() > 2 && fields[2] == number) name = fields[0];
  for (const std::string_view line : lines(ranges))
    if (const auto fields = split(line, ':'); fields.size() == 3 && (fields[0] == name || fields[0] == number)) ids.emplace_back(parse_number(fields[1]).value_or(0), parse_number(fields[2]).value_or(0));
  return ids;
}

// Others may run tests at the same time.
bool is_mine(std::uint64_t uid) {
  static const auto ids = read_own_ids();
  return std::any_of(ids.begin(), ids.end(), [uid](const auto& range) { return uid >= range.first && uid - range.first < range.second; });
}

bool is_mine(const fs::path& path) {
  const auto status = sys::find_status(AT_FDCWD, path.c_str());
  return status && is_mine(std::uint64_t{status->st_uid});
}

struct Process {
  pid_t pid;
  std::string line;  ///< its words, each with a NUL behind it
};

// The folder in /proc of a process that is closed to tracers belongs to root, so it does not tell. Threads of the kernel and what has
// ended have no command line.
std::vector<Process> own_processes() {
  std::vector<Process> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const auto number = parse_number(entry.path().filename().string());
    const auto pid = number ? static_cast<pid_t>(*number) : ::getpid();
    const std::string status = process_text(pid, "status");
    const std::size_t uid = status.find("\nUid:\t") + 6;
    if (pid == ::getpid() || uid < 6 || !is_mine(parse_number(status.substr(uid, status.find('\t', uid) - uid)).value_or(UINT64_MAX))) continue;
    if (std::string line = process_text(pid, "cmdline"); !line.empty()) found.push_back({pid, std::move(line)});
  }
  return found;
}

enum class Depth { one, all };

// What is not there, is closed or goes away meanwhile has nothing to show.
void add_files(std::vector<std::string>& found, const fs::path& folder, Depth depth) {
  std::error_code gone, none;
  for (fs::directory_iterator at(folder, gone), end; !gone && at != end; at.increment(gone)) {
    if (is_mine(at->path())) found.push_back(at->path().string());
    if (depth == Depth::all && fs::is_directory(at->symlink_status(none))) add_files(found, at->path(), depth);
  }
}

constexpr std::string_view process_mark = "process ";

}  // namespace

std::vector<std::string> traces() {
  std::vector<std::string> found;
  for (const Process& each : own_processes()) {
    if (::getuid() == 0 && !has(each.line, program())) continue;  // what else root has running is nobody's trace
    found.push_back(format("{}{}", process_mark, each.pid));     // its words change when it executes another program
  }
  const std::string mounts = sys::find_file_text("/proc/self/mountinfo").value_or("");
  for (const std::string_view line : lines(mounts)) found.emplace_back(line);
  const std::string store = variable("HOME") + "/.local/share/snug";
  for (const std::string& folder : {store, format("/run/user/{}", ::getuid()), std::string("/sys/fs/cgroup")}) add_files(found, folder, Depth::all);
  std::erase_if(found, [&](const std::string& each) { return fs::path(each).parent_path() == store; });  // they come with its first use, and stay
  for (const char* folder : {"/tmp", "/var/tmp"}) add_files(found, folder, Depth::one);
  std::sort(found.begin(), found.end());
  return found;
}

std::string left_since(const std::vector<std::string>& before) {
  std::vector<std::string> left;
  static_cast<void>(eventually([&] {
    const std::vector<std::string> now = traces();
    left.clear();
    std::set_difference(now.begin(), now.end(), before.begin(), before.end(), std::back_inserter(left));
    return left.empty();
  }));
  for (std::string& trace : left)
    if (const auto pid = trace.starts_with(process_mark) ? parse_number(trace.substr(process_mark.size())) : std::nullopt) {
      trace += " " + process_text(static_cast<pid_t>(*pid), "cmdline");
      std::replace(trace.begin(), trace.end(), '\0', ' ');
    }
  return join(left, "\n");
}

std::string difference(const std::vector<std::string>& before, const std::vector<std::string>& after) {
  std::vector<std::string> lines;
  std::set_symmetric_difference(before.begin(), before.end(), after.begin(), after.end(), std::back_inserter(lines));
  return join(lines, "\n");
}

std::vector<pid_t> find_processes(const std::string& word) {
  std::vector<pid_t> found;
  for (const Process& each : own_processes())
    if (has(each.line, word) && !has(each.line, "functional")) found.push_back(each.pid);
  return found;
}

std::vector<pid_t> find_commands(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) line += word + '\0';
  std::vector<pid_t> found;
  for (const Process& each : own_processes())
    if (each.line == line) found.push_back(each.pid);
  return found;
}

}  // namespace snug::test
