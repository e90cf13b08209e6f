#include "compress.hh"
#include "deflate.hh"

#include <doctest/doctest.h>

#include "doubles.hh"

using namespace snug;
using namespace snug::test;
using transport::Inflater;
using image::Compression;

namespace {

std::string inflated(Compression compression, const std::string& bytes, std::size_t chunk) {
  std::string out;
  Inflater inflater(compression, [&](const transport::Piece& piece) { out += piece->view(); });
  for (std::size_t at = 0; at < bytes.size(); at += chunk) inflater.add(std::string_view(bytes).substr(at, chunk));
  inflater.finish();
  return out;
}

std::string refused(Compression compression, const std::string& bytes, std::size_t chunk = 100000) {
  return thrown([&] { static_cast<void>(inflated(compression, bytes, chunk)); });
}

const std::string text = [] {
  std::string all;
  for (int at = 0; at < 5000; ++at) all += std::to_string(at * at) + (at % 7 ? " " : "\n");
  return all;
}();

}  // namespace

TEST_CASE("what is compressed comes out as it went in, in whatever pieces it comes") {
  const std::string large = text + noise(600000) + std::string(900000, 'x') + text;
  for (const std::size_t chunk : {1000UL, 65536UL, 10000000UL}) {
    CHECK(inflated(Compression::gzip, gzip(large), chunk) == large);
    CHECK(inflated(Compression::gzip, gzip(large, 1), chunk) == large);
    CHECK(inflated(Compression::zstd, zstd(large), chunk) == large);
  }
  for (const std::size_t chunk : {1UL, 2UL, 3UL, 7UL}) {
    CHECK(inflated(Compression::gzip, gzip(text), chunk) == text);
    CHECK(inflated(Compression::zstd, zstd(text), chunk) == text);
  }
  CHECK(inflated(Compression::gzip, gzip(""), 100).empty());
  CHECK(inflated(Compression::zstd, zstd(""), 100).empty());
}

TEST_CASE("what was deflated is inflated again, in whatever pieces it comes, and always to the same bytes") {
  const std::string large = text + noise(600000) + std::string(900000, 'x') + text;
  for (const Compression compression : {Compression::gzip, Compression::zstd})
    for (const std::string& plain : {std::string(), std::string("x"), text, large}) {
      const auto deflated = [&](std::size_t chunk) {
        std::string out;
        transport::Deflater deflater(compression, [&](const transport::Piece& piece) { out += piece->view(); });
        for (std::size_t at = 0; at < plain.size(); at += chunk) deflater.add(std::string_view(plain).substr(at, chunk));
        deflater.finish();
        return out;
      };
      const std::string once = deflated(100000);
      CHECK(inflated(compression, once, 10000) == plain);
      CHECK(inflated(compression, deflated(777), 10000) == plain);
      CHECK(deflated(100000) == once);
      if (plain == text) CHECK(once.size() < plain.size() / 2);
    }
}

TEST_CASE("a stream may have several members, split anywhere, and zeros behind them") {
  const std::string three = gzip("one ") + gzip("") + gzip("two ") + gzip(text);
  for (std::size_t chunk = 1; chunk < 80; ++chunk) CHECK(inflated(Compression::gzip, three, chunk) == "one two " + text);
  CHECK(inflated(Compression::gzip, three + std::string(1000, '\0'), 77) == "one two " + text);
  const std::string frames = zstd("one ") + zstd("two ");
  for (std::size_t chunk = 1; chunk < 30; ++chunk) CHECK(inflated(Compression::zstd, frames, chunk) == "one two ");
}

TEST_CASE("a large window of zstd is asked for, once, before it is there, and by the first frame alone") {
  const std::string large = noise(100) + std::string(20U << 20U, 'x');
  int asked = 0;
  const auto inflate = [&](const std::string& bytes, std::size_t chunk) {
    std::size_t size = 0;
    Inflater inflater(Compression::zstd, [&](const transport::Piece& piece) { size += piece->size; }, [&] { ++asked; });
    for (std::size_t at = 0; at < bytes.size(); at += chunk) inflater.add(std::string_view(bytes).substr(at, chunk));
    inflater.finish();
    return size;
  };
  CHECK(inflate(zstd(large, 23), 100000) == large.size());
  CHECK(asked == 0);
  for (const std::size_t chunk : {1UL, 5UL, 100000UL}) CHECK(inflate(zstd(large, 24) + zstd(large, 24), chunk) == 2 * large.size());
  CHECK(asked == 3);
  CHECK(refused(Compression::zstd, zstd("small") + zstd(large, 24)).find("requires too much memory") != std::string::npos);
  CHECK_THROWS_AS(Inflater(Compression::zstd, [](const transport::Piece&) {}, [] { throw 1; }).add(zstd(large, 24)), int);
}

TEST_CASE("a stream that is cut off anywhere is refused") {
  const std::string short_text = text.substr(0, 300);
  for (const Compression compression : {Compression::gzip, Compression::zstd}) {
    const std::string whole = compression == Compression::gzip ? gzip(short_text) : zstd(short_text);
    for (std::size_t size = 0; size < whole.size(); ++size) CHECK(refused(compression, whole.substr(0, size)) == "the compressed data end too early");
  }
  CHECK(refused(Compression::gzip, gzip("one") + gzip(text).substr(0, 9)) == "the compressed data end too early");
}

TEST_CASE("what is damaged, or no such stream, is refused") {
  std::string damaged = gzip(text);
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 0x10);
  CHECK(refused(Compression::gzip, damaged).starts_with("the compressed data "));
  std::string sum = gzip(text);
  sum[sum.size() - 6] = static_cast<char>(sum[sum.size() - 6] ^ 1);
  CHECK(refused(Compression::gzip, sum) == "the compressed data have another checksum than they say");
  CHECK(refused(Compression::gzip, text) == "it is not compressed with gzip");
  CHECK(refused(Compression::zstd, text).starts_with("the compressed data are damaged: "));
  CHECK(refused(Compression::gzip, gzip(text) + "x") == "there is something else behind the compressed data");
  CHECK(refused(Compression::gzip, gzip(text) + std::string(3, '\0') + gzip(text)) == "there is something else behind the compressed data");
  CHECK(refused(Compression::zstd, zstd(text) + "garbage").starts_with("the compressed data are damaged: "));
}

TEST_CASE("how something is compressed is seen at its beginning") {
  CHECK(transport::find_compression(gzip("x")) == Compression::gzip);
  CHECK(transport::find_compression(zstd("x")) == Compression::zstd);
  CHECK(transport::find_compression("x") == Compression::none);
  CHECK(transport::find_compression("") == Compression::none);
}
