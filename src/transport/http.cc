#include "http.hh"

#include <curl/curl.h>
#include <fcntl.h>

#include <algorithm>
#include <exception>

#include "authorities.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "snug/sys/process.hh"

// Theory of operation: a request is one transfer of libcurl, driven by the thread that asks for it, with a multi handle of its
// own: so that the body of an upload can be pushed by who has it (Transfer::upload), where curl would pull it. A handle keeps
// its connections, and waits in `idle_` for the next request. libcurl is told everything that it would otherwise take from
// the environment or from files.

namespace snug::transport {
namespace {

constexpr unsigned most_redirects = 10;
constexpr std::size_t longest_headers = std::size_t{1} << 16U;
constexpr long buffer_size = 512 << 10;
constexpr long connect_seconds = 30;
constexpr long slowest = 10;  // bytes a second: what is slower has stalled

struct Stopped {};  // thrown through who gives the body of an upload, when the server wants no more of it

bool is_loopback(const std::string& host) { return host == "localhost" || host == "[::1]" || host.starts_with("127."); }

bool is_redirect(const Answer& answer) {
  const int status = answer.status;
  return (status == 301 || status == 302 || status == 303 || status == 307 || status == 308) && answer.find("location");
}

// What may have been chance: the server was there, and then was not.
bool passes(CURLcode code) {
  switch (code) {
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM: return true;
    default: return false;
  }
}

std::string hint_for(CURLcode code) {
  if (code == CURLE_PEER_FAILED_VERIFICATION)
    return "--cert-dir names a folder with the certificate of its authority; --tls-verify=false trusts whoever answers";
  if (code == CURLE_SSL_CONNECT_ERROR) return "where it is a registry in plain HTTP: --tls-verify=false, or insecure = true in registries.conf";
  if (code == CURLE_COULDNT_RESOLVE_HOST) return "is the name right, and is there a network?";
  return {};
}

}  // namespace

const std::string* Answer::find(std::string_view name) const noexcept {
  for (const auto& [key, value] : headers)
    if (key == name) return &value;
  return nullptr;
}

/// What libcurl keeps between requests.
class Http::Handle {
 public:
  Handle() : multi_(::curl_multi_init()), easy_(::curl_easy_init()) {
    if (!multi_ || !easy_) throw std::bad_alloc();
  }
  ~Handle() {
    ::curl_slist_free_all(headers_);
    ::curl_easy_cleanup(easy_);
    ::curl_multi_cleanup(multi_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  [[nodiscard]] CURL* easy() const noexcept { return easy_; }
  [[nodiscard]] CURLM* multi() const noexcept { return multi_; }

  template <typename Value>
  void set(CURLoption option, Value value) {
    if (const CURLcode code = ::curl_easy_setopt(easy_, option, value); code != CURLE_OK)
      throw Error(format("libcurl cannot do what snug asks of it: {}", ::curl_easy_strerror(code)));
  }

  void add_header(const std::string& line) {
    curl_slist* longer = ::curl_slist_append(headers_, line.c_str());
    if (!longer) throw std::bad_alloc();
    headers_ = longer;
  }
  void use_headers() { set(CURLOPT_HTTPHEADER, headers_); }

  void forget_request() noexcept {
    ::curl_easy_reset(easy_);
    ::curl_slist_free_all(headers_);
    headers_ = nullptr;
  }

 private:
  CURLM* multi_;
  CURL* easy_;
  curl_slist* headers_ = nullptr;
};

/// One request and its answer.
class Http::Transfer {
 public:
  /// `patience`: how long nothing may move, in nanoseconds.
  Transfer(Handle& handle, const Request& request, std::uint64_t patience) : handle_(handle), request_(request), patience_(patience) {
    answer_.url = request.url;
    handle.set(CURLOPT_ERRORBUFFER, message_);
    handle.set(CURLOPT_HEADERFUNCTION, on_header);
    handle.set(CURLOPT_HEADERDATA, this);
    handle.set(CURLOPT_WRITEFUNCTION, on_body);
    handle.set(CURLOPT_WRITEDATA, this);
    handle.set(CURLOPT_READFUNCTION, on_read);
    handle.set(CURLOPT_READDATA, this);
    ::curl_multi_add_handle(handle.multi(), handle.easy());
  }
  ~Transfer() { ::curl_multi_remove_handle(handle_.multi(), handle_.easy()); }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  Answer run() {
    if (request_.body) upload();
    while (!done_) step();
    if (error_) std::rethrow_exception(error_);
    if (code_ != CURLE_OK && !enough_) throw failure();
    note_delay();
    if (request_.take && answer_.good() && !taken_) request_.take(answer_, {});
    return std::move(answer_);
  }

 private:
  void step() {
    int running = 0, left = 0;
    ::curl_multi_perform(handle_.multi(), &running);
    while (const CURLMsg* message = ::curl_multi_info_read(handle_.multi(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      done_ = true;
      code_ = message->data.result;
    }
    constexpr int half_a_second = 500;
    if (!done_) ::curl_multi_poll(handle_.multi(), nullptr, 0, half_a_second, nullptr);
    if (done_ || sys::monotonic_time() - moved_at_ < patience_) return;
    done_ = true;
    code_ = CURLE_OPERATION_TIMEDOUT;
  }

  // Called when bytes came or went, and after whoever took or gave them had his time with them.
  void note_movement() noexcept { moved_at_ = sys::monotonic_time(); }

  void upload() {
    const Sink sink = [this](std::string_view bytes) {
      given_ = bytes;
      note_movement();
      ::curl_easy_pause(handle_.easy(), CURLPAUSE_CONT);
      while (!given_.empty() && !done_) step();
      if (!given_.empty()) throw Stopped();
    };
    try {
      request_.body(sink);
    } catch (const Stopped&) {
      return;
    }
    all_given_ = true;
    ::curl_easy_pause(handle_.easy(), CURLPAUSE_CONT);
  }

  [[nodiscard]] Unanswered failure() const {
    const std::string_view why = trimmed(message_[0] ? message_ : ::curl_easy_strerror(code_));
    if (!too_long_.empty()) return {format("{} sends more than {}", quoted(host_of(request_.url)), too_long_), false};
    return {format("cannot talk to {}: {}", quoted(host_of(request_.url)), printable(why)), passes(code_), hint_for(code_)};
  }

  std::size_t read_header(std::string_view line) {
    if (line.starts_with("HTTP/")) {  // of this answer, or of one that only announced it
      answer_.headers.clear();
      header_bytes_ = 0;
    }
    header_bytes_ += line.size();
    if (header_bytes_ > longest_headers) {
      too_long_ = format("{} bytes of headers", longest_headers);
      return 0;
    }
    if (const std::size_t colon = line.find(':'); colon != std::string_view::npos && !line.starts_with("HTTP/"))
      answer_.headers.emplace_back(small_letters(trimmed(line.substr(0, colon))), trimmed(line.substr(colon + 1)));
    note_status();
    return line.size();
  }

  void note_status() {
    long status = 0;
    ::curl_easy_getinfo(handle_.easy(), CURLINFO_RESPONSE_CODE, &status);
    answer_.status = static_cast<int>(status);
  }

  void note_delay() {
    curl_off_t seconds = 0;
    if (::curl_easy_getinfo(handle_.easy(), CURLINFO_RETRY_AFTER, &seconds) == CURLE_OK && seconds > 0)
      answer_.retry_after = static_cast<unsigned>(std::min<curl_off_t>(seconds, 1 << 20));
  }

  bool take_body(std::string_view bytes) {
    if (answer_.good() && request_.take) {
      taken_ = true;
      request_.take(answer_, bytes);
      return true;
    }
    answer_.body += bytes.substr(0, request_.limit - answer_.body.size());
    if (answer_.body.size() < request_.limit) return true;
    if (answer_.good()) too_long_ = format("{} bytes where that is too much", request_.limit);
    enough_ = !answer_.good();
    return false;
  }

  // What libcurl calls is C: no exception may leave it.
  template <typename Work>
  std::size_t guarded(std::size_t refusal, const Work& work) noexcept {
    try {
      const std::size_t result = work();
      note_movement();
      return result;
    } catch (...) {
      error_ = std::current_exception();
      return refusal;
    }
  }

  static std::size_t on_header(char* data, std::size_t, std::size_t size, void* self) noexcept {
    auto* transfer = static_cast<Transfer*>(self);
    return transfer->guarded(0, [&] { return transfer->read_header({data, size}); });
  }

  static std::size_t on_body(char* data, std::size_t, std::size_t size, void* self) noexcept {
    auto* transfer = static_cast<Transfer*>(self);
    return transfer->guarded(CURL_WRITEFUNC_ERROR, [&] { return transfer->take_body({data, size}) ? size : CURL_WRITEFUNC_ERROR; });
  }

  static std::size_t on_read(char* room, std::size_t, std::size_t size, void* self) noexcept {
    auto* transfer = static_cast<Transfer*>(self);
    if (transfer->given_.empty()) return transfer->all_given_ ? 0 : CURL_READFUNC_PAUSE;
    const std::size_t count = transfer->given_.copy(room, size);
    transfer->given_.remove_prefix(count);
    transfer->note_movement();
    return count;
  }

  Handle& handle_;
  const Request& request_;
  Answer answer_;
  std::exception_ptr error_;
  std::string_view given_;
  std::uint64_t patience_, moved_at_ = sys::monotonic_time();
  std::size_t header_bytes_ = 0;
  CURLcode code_ = CURLE_OK;
  bool done_ = false, all_given_ = false, taken_ = false, enough_ = false;
  std::string too_long_;
  char message_[CURL_ERROR_SIZE] = {};
};

Http::Http(const Connection& connection, std::vector<std::string> insecure) : connection_(connection), insecure_(std::move(insecure)) {
  static std::once_flag once;
  std::call_once(once, [] { ::curl_global_init(CURL_GLOBAL_DEFAULT); });
}

Http::~Http() = default;

std::unique_ptr<Http::Handle> Http::borrow() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) return std::make_unique<Handle>();
  std::unique_ptr<Handle> handle = std::move(idle_.back());
  idle_.pop_back();
  return handle;
}

void Http::give_back(std::unique_ptr<Handle> handle) {
  handle->forget_request();
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(handle));
}

const Certificates& Http::certificates_of(const std::string& host) {
  const std::lock_guard lock(mutex_);
  if (const auto known = certificates_.find(host); known != certificates_.end()) return known->second;
  std::vector<std::string> folders = certificate_folders(host, connection_.config_folder);
  if (const std::string& own = connection_.cert_folder; !own.empty()) {
    static_cast<void>(sys::open(AT_FDCWD, own, O_RDONLY | O_DIRECTORY));  // a folder that was typed has to be there
    folders.push_back(own);
  }
  Certificates read = read_certificates(folders);
  const char* system = ::curl_version_info(CURLVERSION_NOW)->cainfo;
  constexpr std::size_t largest = std::size_t{8} << 20U;
  if (!read.authorities.empty() && system) read.authorities += sys::find_file_text(system, largest).value_or("");
  return certificates_.emplace(host, std::move(read)).first->second;
}

bool Http::has_certificates(const Url& url) {
  const Certificates& known = certificates_of(host_of(url));
  return !known.authorities.empty() || !known.client.empty();
}

void Http::trust(Handle& handle, const Url& url) {
  const bool insecure = std::find(insecure_.begin(), insecure_.end(), host_of(url)) != insecure_.end();
  handle.set(CURLOPT_SSL_VERIFYPEER, insecure ? 0L : 1L);
  handle.set(CURLOPT_SSL_VERIFYHOST, insecure ? 0L : 2L);
  handle.set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (url.scheme != "https") return;
  const Certificates& known = certificates_of(host_of(url));
  const auto set = [&](CURLoption option, const std::string& text) {
    curl_blob blob{.data = const_cast<char*>(text.data()), .len = text.size(), .flags = CURL_BLOB_NOCOPY};
    if (!text.empty()) handle.set(option, &blob);
  };
  if (!insecure) set(CURLOPT_CAINFO_BLOB, known.authorities);
  set(CURLOPT_SSLCERT_BLOB, known.client);
  set(CURLOPT_SSLKEY_BLOB, known.key);
}

void Http::prepare(Handle& handle, const Request& request) {
  const Url& url = request.url;
  handle.set(CURLOPT_URL, render_url(url).c_str());
  handle.set(CURLOPT_PATH_AS_IS, 1L);
  handle.set(CURLOPT_PROTOCOLS_STR, "http,https");
  handle.set(CURLOPT_FOLLOWLOCATION, 0L);
  handle.set(CURLOPT_NOSIGNAL, 1L);
  handle.set(CURLOPT_USERAGENT, "snug/" SNUG_VERSION);
  handle.set(CURLOPT_BUFFERSIZE, buffer_size);
  handle.set(CURLOPT_UPLOAD_BUFFERSIZE, buffer_size);
  handle.set(CURLOPT_CONNECTTIMEOUT, connect_seconds);
  handle.set(CURLOPT_LOW_SPEED_LIMIT, slowest);
  handle.set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(connection_.stall_seconds * request.patience));
  const bool direct = is_loopback(url.host);
  handle.set(CURLOPT_PROXY, direct ? "" : (url.scheme == "https" ? connection_.https_proxy : connection_.http_proxy).c_str());
  handle.set(CURLOPT_NOPROXY, connection_.no_proxy.c_str());
  handle.set(CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));
  handle.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  trust(handle, url);

  for (const std::string& header : request.headers) handle.add_header(header);
  if (!request.authorization.empty()) handle.add_header("Authorization: " + request.authorization);
  handle.add_header("Expect:");  // no second of waiting for "100 Continue"
  handle.use_headers();
  if (request.body) {
    handle.set(CURLOPT_UPLOAD, 1L);
    handle.set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.body_size));
  } else if (request.form || request.method == "POST") {
    handle.set(CURLOPT_POSTFIELDSIZE, static_cast<long>(request.form ? request.form->size() : 0));
    handle.set(CURLOPT_POSTFIELDS, request.form ? request.form->c_str() : "");
  }
  if (request.method == "HEAD")
    handle.set(CURLOPT_NOBODY, 1L);
  else
    handle.set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

Answer Http::exchange(const Request& request) {
  std::unique_ptr<Handle> handle = borrow();
  prepare(*handle, request);
  constexpr std::uint64_t second = 1'000'000'000;
  Answer answer = Transfer(*handle, request, connection_.stall_seconds * request.patience * second).run();
  give_back(std::move(handle));
  return answer;
}

Answer Http::send(Request request) {
  for (unsigned hop = 0;; ++hop) {
    Answer answer = exchange(request);
    if (!is_redirect(answer) || request.body || request.form) return answer;
    const std::string from = host_of(request.url), location = *answer.find("location");
    const auto next = resolve_url(request.url, location);
    if (!next) throw Unanswered(format("{} redirects to {}, which is no place to go", quoted(from), quoted(location)), false);
    if (request.url.scheme == "https" && next->scheme != "https")
      throw Unanswered(format("{} redirects from https to http, which would give up all safety", quoted(from)), false);
    if (hop == most_redirects) throw Unanswered(format("{} redirects more than {} times", quoted(from), most_redirects), false);
    if (!same_origin(request.url, *next)) request.authorization.clear();
    request.url = *next;
  }
}

}  // namespace snug::transport
