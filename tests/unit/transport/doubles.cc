#include "doubles.hh"

#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <array>
#include <fstream>
#include <random>
#include <thread>

#include "snug/base/error.hh"
#include "snug/sys/file.hh"

namespace fs = std::filesystem;

namespace snug::test {

TestStore::TestStore() : folder(fs::temp_directory_path() / ("snug-transport-" + sys::random_name())), store(folder / "snug") { fs::create_directory(folder); }
TestStore::~TestStore() { fs::remove_all(folder); }

std::string TestStore::write(const std::string& name, const std::string& content) const {
  fs::create_directories((folder / name).parent_path());
  std::ofstream(folder / name, std::ios::binary) << content;
  return folder / name;
}

std::vector<std::string> TestStore::staged() const {
  std::vector<std::string> names;
  if (fs::exists(folder / "snug/staging"))
    for (const auto& entry : fs::directory_iterator(folder / "snug/staging")) names.push_back(entry.path().filename());
  return names;
}

std::string gzip(const std::string& plain, int level) {
  z_stream stream{};
  deflateInit2(&stream, level, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, plain.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<unsigned>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<unsigned>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstd(const std::string& plain, int window_log) {
  const std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> context{ZSTD_createCCtx(), ZSTD_freeCCtx};
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_windowLog, window_log);
  std::string out(ZSTD_compressBound(plain.size()), '\0');
  out.resize(ZSTD_compress2(context.get(), out.data(), out.size(), plain.data(), plain.size()));
  return out;
}

std::string noise(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

void MemorySource::add_layer(const std::string& blob, const std::string& plain, std::string_view media_type) {
  document.layers.push_back({.media_type = std::string(media_type), .digest = transport::digest_of(blob), .size = blob.size()});
  config.diff_ids.push_back(transport::digest_of(plain));
  blobs[document.layers.back().digest.text()] = blob;
}

void MemorySource::make() {
  config.platform = image::own_platform();
  const std::string text = image::render_config(config);
  document.config = {.media_type = std::string(image::media::config), .digest = transport::digest_of(text), .size = text.size()};
  blobs[document.config.digest.text()] = text;
  top = {image::render_manifest(document), document.media_type};
}

transport::Text MemorySource::manifest(const std::optional<image::Digest>& digest) {
  return digest ? transport::Text{texts.at(digest->text()), {}} : top;
}

void MemorySource::read_blob(const image::Descriptor& blob, const transport::Resumption& begin, const std::function<void()>& restart, const transport::Sink& sink) {
  std::uint64_t from = begin.from;
  const std::string& bytes = blobs.at(blob.digest.text());
  const bool is_layer = blob.media_type != image::media::config;
  if (is_layer) {
    const std::lock_guard lock(mutex_);
    starts.push_back(from);
    ++asked;
  }
  if (from > 0 && restarts) {
    restart();
    from = 0;
  }
  for (std::size_t at = from; at < bytes.size(); at += chunk) {
    if (is_layer && at >= breaks_after) throw Error("the connection broke");
    sink(std::string_view(bytes).substr(at, chunk));
  }
}

namespace {

class Collecting : public transport::Unpacking {
 public:
  Collecting(std::shared_ptr<Unpacked> into, std::size_t stops_after) : into_(std::move(into)), pipe_(sys::make_pipe()) {
    reader_ = std::thread([this, stops_after] {
      std::array<char, 65536> buffer;
      ssize_t count = 0;
      while (into_->bytes.size() < stops_after && (count = ::read(pipe_.first.get(), buffer.data(), buffer.size())) > 0)
        into_->bytes.append(buffer.data(), static_cast<std::size_t>(count));
      pipe_.first.reset();
    });
  }
  ~Collecting() override {
    close();
    if (into_->end == Unpacked::End::open) into_->end = Unpacked::End::thrown_away;
  }
  int input() const noexcept override { return pipe_.second.get(); }
  void finish() override {
    close();
    into_->end = Unpacked::End::finished;
  }
  void fail() override { throw Error("the disk is full"); }

 private:
  void close() {
    pipe_.second.reset();
    if (reader_.joinable()) reader_.join();
  }

  std::shared_ptr<Unpacked> into_;
  sys::FdPair pipe_;
  std::thread reader_;
};

}  // namespace

std::unique_ptr<transport::Unpacking> collect(std::shared_ptr<Unpacked> into, std::size_t stops_after) {
  return std::make_unique<Collecting>(std::move(into), stops_after);
}

std::string thrown(const std::function<void()>& work) {
  try {
    work();
    return {};
  } catch (const Error& error) {
    std::string text = error.message();
    for (const std::string& context : error.contexts()) text += " | " + context;
    return text;
  }
}

}  // namespace snug::test
