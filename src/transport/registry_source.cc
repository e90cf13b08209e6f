#include <algorithm>
#include <atomic>
#include <exception>
#include <type_traits>
#include <utility>

#include "registry.hh"
#include "registry_place.hh"
#include "retry.hh"
#include "snug/base/text.hh"

namespace snug::transport {
namespace {

constexpr std::uint64_t progress = std::uint64_t{1} << 20U;  // so many bytes more, and the attempts are counted anew

std::vector<std::string> accepted_documents() {
  std::vector<std::string> headers;
  for (const std::string_view type : {image::media::manifest, image::media::index, image::media::docker_manifest, image::media::docker_list})
    headers.push_back(format("Accept: {}", type));
  return headers;
}

std::string media_type_of(const Answer& answer) {
  const std::string* type = answer.find("content-type");
  return type ? std::string(trimmed(std::string_view(*type).substr(0, type->find(';')))) : "";
}

// A strong entity tag, which goes into a header as it is. One that was kept has lain where others of the caller's programs write.
bool is_validator(std::string_view tag) {
  constexpr std::size_t longest = 255;
  return tag.size() >= 2 && tag.size() <= longest && tag.starts_with('"') && tag.ends_with('"') &&
         std::all_of(tag.begin(), tag.end(), [](char each) { return each > ' ' && each < 127; });
}

/// The reading of one blob: what came of it, over all attempts and places.
class Download {
 public:
  Download(const image::Descriptor& blob, const Resumption& resumed, const std::function<void()>& restart, Sink sink)
      : blob_(blob), remember_(resumed.remember), restart_(restart), sink_(std::move(sink)), at_(resumed.from), best_(at_), validator_(resumed.validator) {
    if (at_ > blob.size) begin_again();
  }

  [[nodiscard]] bool whole() const noexcept { return at_ == blob_.size; }

  /// Reads on until the blob is whole. Throws where the place cannot give the rest of it.
  void read(Repository& place, const Connection& connection) {
    for (Retry retry(connection, place.name()); !whole() || (blob_.size == 0 && !asked_);) {
      std::string why;
      std::optional<unsigned> wait;
      try {
        const Answer answer = ask(place);
        if (whole()) return;
        if (answer.status == 416) {
          begin_again();
        } else if (!answer.good() && !is_passing(answer)) {
          place.refuse(answer, format("read the blob {}", blob_.digest.brief()));
        }
        why = answer.good() ? "the connection was cut" : format("{} answers {}", quoted(host_of(answer.url)), answer.status);
        wait = answer.retry_after;
      } catch (const Unanswered& error) {
        if (!error.passes()) throw;
        why = error.message();
      }
      if (at_ >= best_ + progress) retry.forget();
      best_ = std::max(best_, at_);
      if (!retry.again(why, wait)) throw Error(format("cannot read the blob {}: {}", blob_.digest.brief(), why));
    }
  }

 private:
  Answer ask(Repository& place) {
    Request request{.url = place.url("blobs/" + blob_.digest.text())};
    if (at_ > 0) request.headers.push_back(format("Range: bytes={}-", at_));
    // Who knows no validator has none to name: the digest tells whether the parts belong together.
    if (at_ > 0 && is_validator(validator_)) request.headers.push_back("If-Range: " + validator_);
    bool begun = false;
    request.take = [&](const Answer& head, std::string_view bytes) {
      if (!std::exchange(begun, true)) begin(head);
      take(head, bytes);
    };
    asked_ = true;
    return place.send(request);
  }

  void begin(const Answer& head) {
    const std::string* tag = head.find("etag");
    const bool known = at_ > 0 && head.status == 206;
    if (known) {
      const std::string* text = head.find("content-range");
      const auto range = text ? parse_content_range(*text) : std::nullopt;
      if (!range || range->first != at_ || (range->total && *range->total != blob_.size))
        throw Error(format("{} was asked for the blob {} from byte {} on, and gives another part of it", quoted(host_of(head.url)), blob_.digest.brief(), at_));
    } else if (head.status != 200) {
      throw Error(format("{} answers {} where a blob was asked for", quoted(host_of(head.url)), head.status));
    } else {
      begin_again();
    }
    validator_ = tag && is_validator(*tag) ? *tag : "";
    if (remember_) remember_(validator_);
  }

  void begin_again() {
    if (at_ > 0) restart_();
    at_ = 0;
  }

  void take(const Answer& head, std::string_view bytes) {
    if (bytes.size() > blob_.size - at_)
      throw Error(format("{} sends more of the blob {} than the {} bytes that it has", quoted(host_of(head.url)), blob_.digest.brief(), blob_.size));
    if (bytes.empty()) return;
    sink_(bytes);
    at_ += bytes.size();
  }

  const image::Descriptor& blob_;
  const std::function<void(const std::string&)>& remember_;
  const std::function<void()>& restart_;
  Sink sink_;
  std::uint64_t at_, best_;
  std::string validator_;
  bool asked_ = false;
};

class RegistrySource final : public Source {
 public:
  RegistrySource(const image::Reference& reference, const Connection& connection) : reference_(reference), place_(reference, connection, Repository::Use::pull) {}

  std::string name() const override { return image::render_reference(reference_); }

  Text manifest(const std::optional<image::Digest>& digest) override {
    const std::string what = digest ? digest->text() : reference_.digest ? reference_.digest->text() : reference_.tag;
    return first_that_can([&](Repository& repository) { return read_manifest(repository, what); });
  }

  void read_blob(const image::Descriptor& blob, const Resumption& begin, const std::function<void()>& restart, const Sink& sink) override {
    std::exception_ptr thrown;  // what the sink throws is not the place's fault: the next one must not be asked
    Download download(blob, begin, restart, [&](std::string_view bytes) {
      try {
        sink(bytes);
      } catch (...) {
        thrown = std::current_exception();
        throw;
      }
    });
    first_that_can([&](Repository& repository) { download.read(repository, place_.connection()); }, &thrown);
  }

 private:
  static Text read_manifest(Repository& repository, const std::string& what) {
    const Request request{.url = repository.url("manifests/" + what), .headers = accepted_documents(), .limit = image::largest_manifest + 1};
    Answer answer = repository.send_patiently(request);
    if (answer.status != 200) repository.refuse(answer, format("read the manifest of {}", quoted(repository.name())));
    return {std::move(answer.body), media_type_of(answer)};
  }

  /// Asks mirrors in their order, from the one on that could do it the last time, and at last the registry itself.
  template <typename Work>
  std::invoke_result_t<Work, Repository&> first_that_can(const Work& work, const std::exception_ptr* thrown = nullptr) {
    const auto& repositories = place_.repositories();
    for (std::size_t at = current_;; ++at) {
      current_ = at;
      try {
        return work(*repositories[at]);
      } catch (const Error& error) {
        if ((thrown && *thrown) || at + 1 >= repositories.size()) throw;
        if (place_.connection().notice) place_.connection().notice(format("the mirror {}: {}", quoted(repositories[at]->endpoint().host), error.message()));
      }
    }
  }

  image::Reference reference_;
  Place place_;
  std::atomic<std::size_t> current_ = 0;
};

}  // namespace

std::unique_ptr<Source> open_registry_source(const image::Reference& reference, const Connection& connection) {
  return std::make_unique<RegistrySource>(reference, connection);
}

}  // namespace snug::transport
