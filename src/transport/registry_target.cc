#include <map>
#include <mutex>

#include "registry_place.hh"
#include "retry.hh"
#include "snug/base/text.hh"
#include "snug/transport/hash.hh"

namespace snug::transport {
namespace {

constexpr unsigned slow = 10;  // a registry hashes a blob after its last byte, before it answers

class RegistryTarget final : public Target {
 public:
  RegistryTarget(const image::Reference& reference, const Connection& connection, Neighbours neighbours)
      : reference_(reference), place_(reference, connection, Repository::Use::push), neighbours_(std::move(neighbours)) {}

  std::string name() const override { return image::render_reference(reference_); }

  bool has_blob(const image::Descriptor& blob) override {
    const Answer answer = repository().send_patiently({.method = "HEAD", .url = repository().url("blobs/" + blob.digest.text())});
    if (answer.status == 200) return true;
    if (answer.status != 404) repository().refuse(answer, format("ask for the blob {}", blob.digest.brief()));
    return mount(blob);
  }

  void write_blob(const image::Descriptor& blob, const std::function<void(const Sink&)>& read) override {
    const std::string what = format("push the blob {}", blob.digest.brief());
    for (Retry retry(place_.connection(), name());;) {
      std::string why;
      std::optional<unsigned> wait;
      try {
        const Answer answer = upload(blob, read);
        if (answer.good()) return check_digest(answer, blob.digest);
        if (!is_passing(answer)) repository().refuse(answer, what);
        why = format("{} answers {}", quoted(host_of(answer.url)), answer.status);
        wait = answer.retry_after;
      } catch (const Unanswered& error) {
        if (!error.passes()) throw;
        why = error.message();
      }
      if (!retry.again(why, wait)) throw Error(format("cannot {}: {}", what, why));
    }
  }

  void finish(const Text& manifest) override {
    const image::Digest digest = digest_of(manifest.content, reference_.digest ? reference_.digest->algorithm : "sha256");
    if (reference_.digest && *reference_.digest != digest)
      throw Error(format("cannot push to {}: the digest of the image is {}", quoted(name()), digest.text()));
    const std::string& media_type = manifest.media_type;
    Request request{.method = "PUT",
                    .url = repository().url("manifests/" + (reference_.tag.empty() ? digest.text() : reference_.tag)),
                    .headers = {format("Content-Type: {}", media_type.empty() ? image::media::manifest : media_type)},
                    .body = [&](const Sink& sink) { sink(manifest.content); },
                    .body_size = manifest.content.size(),
                    .patience = slow};
    const Answer answer = repository().send_patiently(request);
    if (!answer.good()) repository().refuse(answer, format("push the manifest of {}", quoted(name())));
    check_digest(answer, digest);
  }

 private:
  [[nodiscard]] Repository& repository() const { return *place_.repositories().back(); }

  // What the registry has now is named by what it says; where it says nothing, by what was asked of it.
  void check_digest(const Answer& answer, const image::Digest& ours) const {
    const std::string* text = answer.find("docker-content-digest");
    const auto theirs = text ? image::parse_digest(*text) : std::nullopt;
    if (theirs && theirs->algorithm == ours.algorithm && *theirs != ours)
      throw Error(format("{} says that it has {} now, where {} was pushed", quoted(host_of(answer.url)), theirs->text(), ours.text()));
  }

  /// Takes a blob from a repository that has it. Where the registry would rather have an upload, that is begun.
  bool mount(const image::Descriptor& blob) {
    const auto known = neighbours_.blobs.find(blob.digest);
    const std::string& neighbour = known == neighbours_.blobs.end() ? neighbours_.same : known->second;
    if (neighbour.empty() || neighbour == reference_.repository) return false;
    try {
      return mount_from(blob, neighbour);
    } catch (const Error&) {  // the neighbour may be closed to this caller; the upload tells what else is wrong
      return false;
    }
  }

  bool mount_from(const image::Descriptor& blob, const std::string& neighbour) {
    const Answer answer = begin_upload(format("?mount={}&from={}", escape_url(blob.digest.text()), escape_url(neighbour)), neighbour);
    if (answer.status == 201) return true;
    if (answer.status == 202) {
      const std::lock_guard lock(mutex_);
      begun_.insert_or_assign(blob.digest, answer);
    }
    return false;
  }

  Answer begin_upload(const std::string& query, const std::string& mount_from = {}) {
    return repository().send_patiently({.method = "POST", .url = repository().url("blobs/uploads/" + query)}, mount_from);
  }

  Answer session_for(const image::Descriptor& blob) {
    {
      const std::lock_guard lock(mutex_);
      if (auto begun = begun_.extract(blob.digest)) return begun.mapped();
    }
    return begin_upload("");
  }

  Answer upload(const image::Descriptor& blob, const std::function<void(const Sink&)>& read) {
    const Answer session = session_for(blob);
    if (session.status != 202) return session.good() ? refused_session(session, "begins no upload") : session;
    const std::string* location = session.find("location");
    const auto url = location ? resolve_url(session.url, *location) : std::nullopt;
    if (!url) refused_session(session, "names no place for an upload");
    if (session.url.scheme == "https" && url->scheme != "https") refused_session(session, "wants an upload in plain HTTP");
    Request request{.method = "PUT",
                    .url = *url,
                    .headers = {"Content-Type: application/octet-stream"},
                    .body = read,
                    .body_size = blob.size,
                    .patience = slow};
    request.url.target += (url->target.find('?') == std::string::npos ? "?" : "&") + ("digest=" + escape_url(blob.digest.text()));
    return repository().send(std::move(request));
  }

  [[noreturn]] static Answer refused_session(const Answer& session, std::string_view why) {
    throw Error(format("{} {}", quoted(host_of(session.url)), why));
  }

  image::Reference reference_;
  Place place_;
  Neighbours neighbours_;
  std::mutex mutex_;
  std::map<image::Digest, Answer> begun_;
};

}  // namespace

std::unique_ptr<Target> open_registry_target(const image::Reference& reference, const Connection& connection, Neighbours neighbours) {
  return std::make_unique<RegistryTarget>(reference, connection, std::move(neighbours));
}

}  // namespace snug::transport
