#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>

#include "doubles.hh"
#include "http_server.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/transport/transport.hh"

// A registry that does what registries must not do.

using namespace snug;
using namespace snug::test;
using transport::Connection;

namespace {

const std::string content = noise(3'000'000);

image::Descriptor descriptor_of(const std::string& text) {
  return {.media_type = std::string(image::media::layer_gzip), .digest = transport::digest_of(text), .size = text.size()};
}

bool is_ping(const Asked& asked) { return asked.target == "/v2/"; }

/// A client for one server, whose waits are written down instead of waited.
struct Client {
  explicit Client(const HttpServer& server, const std::string& credentials = {}) {
    connection.insecure_host = server.host();
    connection.credentials = credentials;
    connection.stall_seconds = 1;
    connection.pause = [this](unsigned seconds) { pauses.push_back(seconds); };
    connection.notice = [this](std::string_view line) { notices.emplace_back(line); };
    reference = image::parse_reference(server.host() + "/team/thing:1");
  }

  std::string read(const image::Descriptor& blob, std::uint64_t from = 0) {
    std::string text = content.substr(0, from);
    transport::open_registry_source(reference, connection)->read_blob(blob, {from, validator, [&](const std::string& told) { validator = told; }}, [&] { ++restarts; text.clear(); }, [&](std::string_view bytes) { text += bytes; });
    return text;
  }

  Connection connection;
  image::Reference reference;
  std::vector<unsigned> pauses;
  std::vector<std::string> notices;
  int restarts = 0;
  std::string validator;  ///< what was kept of an earlier call
};

Reply part(std::size_t from, const std::string& tag) {
  return reply(206, {snug::format("Content-Range: bytes {}-{}/{}", from, content.size() - 1, content.size()), "ETag: " + tag}, content.substr(from));
}

// A whole answer, of which only the first bytes come.
Reply cut(Reply reply, std::size_t size) {
  reply.bytes.resize(size);
  return reply;
}

std::size_t range_of(const Asked& asked) {
  const auto range = asked.headers.find("range");
  return range == asked.headers.end() ? 0 : std::stoul(range->second.substr(6));
}

void check_thrown(const std::function<void()>& work, const std::string& part) {
  const std::string text = thrown(work);
  CHECK_MESSAGE(text.find(part) != std::string::npos, text);
}

}  // namespace

TEST_CASE("a manifest comes with its media type, and all kinds are asked for") {
  HttpServer server([](const Asked& asked) { return is_ping(asked) ? reply(200) : reply(200, {"Content-Type: application/x; charset=utf-8"}, "{}"); });
  Client client(server);
  const transport::Text text = transport::open_registry_source(client.reference, client.connection)->manifest({});
  CHECK(text.content == "{}");
  CHECK(text.media_type == "application/x");
  CHECK(server.asked().back().target == "/v2/team/thing/manifests/1");
}

TEST_CASE("a download that was cut goes on where it was, and only with the same content") {
  HttpServer server([](const Asked& asked) {
    if (is_ping(asked)) return reply(200);
    if (!asked.headers.contains("range")) return cut(reply(200, {"ETag: \"one\""}, content), 1'000'000);
    return part(range_of(asked), "\"one\"");
  });
  Client client(server);
  CHECK((client.read(descriptor_of(content)) == content));
  CHECK(client.restarts == 0);
  CHECK(client.pauses == std::vector<unsigned>{1});
  CHECK(client.notices.size() == 1);
  CHECK(server.asked().back().headers["if-range"] == "\"one\"");
}

TEST_CASE("what an earlier call left is gone on with") {
  HttpServer server([](const Asked& asked) { return is_ping(asked) ? reply(200) : part(range_of(asked), "\"one\""); });
  Client client(server);
  CHECK((client.read(descriptor_of(content), 2'000'000) == content));
  CHECK(server.asked().back().headers["range"] == "bytes=2000000-");
}

TEST_CASE("what an earlier call left is gone on with as long as the content has the name that it had then") {
  std::string tag = "\"one\"";
  HttpServer server([&](const Asked& asked) {
    if (is_ping(asked)) return reply(200);
    const auto wanted = asked.headers.find("if-range");
    if (asked.headers.contains("range") && wanted != asked.headers.end() && wanted->second == tag) return part(range_of(asked), tag);
    return reply(200, {"ETag: " + tag}, content);
  });
  Client client(server);
  CHECK((client.read(descriptor_of(content)) == content));
  CHECK(client.validator == tag);
  CHECK((client.read(descriptor_of(content), 2'000'000) == content));
  CHECK(server.asked().back().headers["if-range"] == tag);
  CHECK(client.restarts == 0);
  tag = "\"two\"";
  CHECK((client.read(descriptor_of(content), 2'000'000) == content));
  CHECK(client.restarts == 1);
  CHECK(client.validator == tag);
  client.validator = "\"a\r\nX-Other: b\"";
  CHECK((client.read(descriptor_of(content), 2'000'000) == content));
  CHECK(!server.asked().back().headers.contains("if-range"));
  CHECK(!server.asked().back().headers.contains("x-other"));
}

TEST_CASE("a host with certificates of its own is not asked without TLS, however little is verified") {
  HttpServer server([](const Asked& asked) { return is_ping(asked) ? reply(200) : reply(200, {}, content); });
  Client client(server);
  CHECK((client.read(descriptor_of(content)) == content));
  const std::size_t before = server.asked().size();
  const TestStore certificates;
  static_cast<void>(certificates.write("certificates/own.crt", "-----BEGIN CERTIFICATE-----\n"));
  client.connection.cert_folder = (certificates.folder / "certificates").string();
  CHECK(!thrown([&] { static_cast<void>(client.read(descriptor_of(content))); }).empty());
  CHECK(server.asked().size() == before);
}

TEST_CASE("a registry that cannot go on begins again") {
  std::atomic<int> times = 0;
  HttpServer server([&](const Asked& asked) {
    if (is_ping(asked)) return reply(200);
    return times++ == 0 ? cut(reply(200, {}, content), 100'000) : reply(200, {}, content);
  });
  Client client(server);
  CHECK((client.read(descriptor_of(content)) == content));
  CHECK(client.restarts == 1);
  HttpServer short_one([](const Asked& asked) { return is_ping(asked) ? reply(200) : asked.headers.contains("range") ? reply(416) : reply(200, {}, content); });
  Client other(short_one);
  CHECK((other.read(descriptor_of(content), 5) == content));
  CHECK(other.restarts == 1);
}

TEST_CASE("another part than the one that was asked for is refused") {
  for (const char* range : {"bytes 0-2999999/3000000", "bytes 1000000-2999999/4000000", "nonsense"}) {
    HttpServer server([&](const Asked& asked) { return is_ping(asked) ? reply(200) : reply(206, {snug::format("Content-Range: {}", range)}, content.substr(1'000'000)); });
    Client client(server);
    check_thrown([&] { static_cast<void>(client.read(descriptor_of(content), 1'000'000)); }, "gives another part of it");
  }
}

TEST_CASE("a body without end is cut off at its size") {
  HttpServer server([](const Asked& asked) {
    return is_ping(asked) ? reply(200) : Reply{"HTTP/1.1 200 X\r\nConnection: close\r\n\r\n" + content, Reply::Then::repeat};
  });
  Client client(server);
  check_thrown([&] { static_cast<void>(client.read(descriptor_of(content))); }, "sends more of the blob");
  check_thrown([&] { static_cast<void>(transport::open_registry_source(client.reference, client.connection)->manifest({})); }, "where that is too much");
  HttpServer endless_error([](const Asked& asked) {
    return is_ping(asked) ? reply(200) : Reply{"HTTP/1.1 404 X\r\nConnection: close\r\n\r\n" + content, Reply::Then::repeat};
  });
  Client other(endless_error);
  check_thrown([&] { static_cast<void>(other.read(descriptor_of(content))); }, "404");
}

TEST_CASE("headers without end are refused") {
  HttpServer server([](const Asked& asked) { return is_ping(asked) ? reply(200) : reply(200, std::vector<std::string>(2000, "X-Header: " + std::string(1000, 'x')), "{}"); });
  Client client(server);
  check_thrown([&] { static_cast<void>(transport::open_registry_source(client.reference, client.connection)->manifest({})); }, "bytes of headers");
}

TEST_CASE("who falls silent is asked again") {
  std::atomic<int> times = 0;
  HttpServer server([&](const Asked& asked) {
    if (is_ping(asked)) return reply(200);
    if (times++ > 0) return part(range_of(asked), "\"one\"");
    Reply stalled = cut(reply(200, {"ETag: \"one\""}, content), 50'000);
    stalled.then = Reply::Then::stall;
    return stalled;
  });
  Client client(server);
  CHECK((client.read(descriptor_of(content)) == content));
  CHECK(client.pauses == std::vector<unsigned>{1});
}

TEST_CASE("a busy registry is given the time that it asks for, and no more than a minute") {
  std::atomic<int> times = 0;
  HttpServer server([&](const Asked& asked) {
    if (is_ping(asked)) return reply(200);
    switch (times++) {
      case 0: return reply(429, {"Retry-After: 7"});
      case 1: return reply(503, {"Retry-After: 3600"});
      case 2: return reply(408);
      case 3: return reply(524);  // of a proxy
      default: return reply(200, {}, content);
    }
  });
  Client client(server);
  CHECK((client.read(descriptor_of(content)) == content));
  CHECK(client.pauses == std::vector<unsigned>{7, 60, 4, 8});
}

TEST_CASE("a registry that stays busy is given up") {
  HttpServer server([](const Asked& asked) { return is_ping(asked) ? reply(200) : reply(503, {}, R"({"errors":[{"code":"BUSY","message":"later\u001b"}]})"); });
  Client client(server);
  check_thrown([&] { static_cast<void>(client.read(descriptor_of(content))); }, "answers 503");
  CHECK(client.pauses == std::vector<unsigned>{1, 2, 4, 8});
  check_thrown([&] { static_cast<void>(transport::open_registry_source(client.reference, client.connection)->manifest({})); }, "later\\x1b");
  CHECK(server.count("manifests/1") == 5);
}

TEST_CASE("what the taker throws ends the download, and is not taken for the registry's fault") {
  HttpServer server([](const Asked& asked) { return is_ping(asked) ? reply(200) : reply(200, {}, content); });
  Client client(server);
  const auto source = transport::open_registry_source(client.reference, client.connection);
  const auto refuse = [](std::string_view) { throw std::logic_error("enough"); };
  CHECK_THROWS_WITH(source->read_blob(descriptor_of(content), {}, [] {}, refuse), "enough");
  CHECK(client.pauses.empty());
}

TEST_CASE("redirects are followed, but not for ever, and never to a protocol that is none of ours") {
  HttpServer server([](const Asked& asked) {
    if (is_ping(asked)) return reply(200);
    if (asked.target.find("/there") != std::string::npos) return reply(200, {}, content);
    return reply(307, {asked.target.find("manifests") != std::string::npos ? "Location: " + asked.target : "Location: /there?x=1"});
  });
  Client client(server);
  CHECK((client.read(descriptor_of(content)) == content));
  check_thrown([&] { static_cast<void>(transport::open_registry_source(client.reference, client.connection)->manifest({})); }, "more than 10 times");
  CHECK(server.count("manifests/1") == 11);
  for (const char* place : {"file:///etc/passwd", "gopher://x/", "http://user:word@x/", "http://"}) {
    HttpServer other([&](const Asked& asked) { return is_ping(asked) ? reply(200) : reply(302, {snug::format("Location: {}", place)}); });
    Client misled(other);
    check_thrown([&] { static_cast<void>(misled.read(descriptor_of(content))); }, "which is no place to go");
  }
}

TEST_CASE("credentials go to the registry, and not to where it redirects to") {
  HttpServer other([](const Asked& asked) { return asked.target == "/again" ? reply(401, {"WWW-Authenticate: Basic realm=\"x\""}) : reply(200, {}, content); });
  HttpServer server([&](const Asked& asked) {
    if (!asked.headers.contains("authorization")) return reply(401, {"WWW-Authenticate: Basic realm=\"x\""});
    return reply(307, {"Location: " + other.url() + (asked.target.find("manifests") != std::string::npos ? "/again" : "/blob")});
  });
  Client client(server, "name:word");
  CHECK((client.read(descriptor_of(content)) == content));
  CHECK(server.asked().back().headers["authorization"] == "Basic bmFtZTp3b3Jk");
  check_thrown([&] { static_cast<void>(transport::open_registry_source(client.reference, client.connection)->manifest({})); }, "(401)");
  for (const Asked& asked : other.asked()) CHECK_FALSE(asked.headers.contains("authorization"));
  CHECK(other.asked().size() == 2);
}

TEST_CASE("a token is got once for all of a repository, and again when it is too old") {
  std::atomic<int> tokens = 0, uses = 0;
  std::string self;
  HttpServer server([&](const Asked& asked) {
    if (asked.target.starts_with("/token")) return reply(200, {}, snug::format("{{\"token\":\"t{}\"}}", ++tokens));
    const auto sent = asked.headers.find("authorization");
    const bool good = sent != asked.headers.end() && sent->second == snug::format("Bearer t{}", tokens.load()) && ++uses != 3;
    return good ? reply(200, {}, content) : reply(401, {snug::format("WWW-Authenticate: Bearer realm=\"{}/token\",service=\"the service\",scope=\"repository:secret:pull\"", self)});
  });
  self = server.url();
  Client client(server, "name:word");
  const auto source = transport::open_registry_source(client.reference, client.connection);
  for (int time = 0; time < 3; ++time) source->read_blob(descriptor_of(content), {}, [] {}, [](std::string_view) {});
  CHECK(tokens == 2);
  CHECK(server.count("/token?account=name&service=the%20service&scope=repository%3Ateam%2Fthing%3Apull") == 2);
  for (const Asked& asked : server.asked())
    if (asked.target.starts_with("/token")) CHECK(asked.headers.at("authorization") == "Basic bmFtZTp3b3Jk");
}

TEST_CASE("no token is asked for in plain HTTP elsewhere, and none that would be two headers is used") {
  HttpServer other([](const Asked&) { return reply(200, {}, R"({"token":"t"})"); });
  HttpServer server([&](const Asked&) { return reply(401, {snug::format("WWW-Authenticate: Bearer realm=\"{}/token\"", other.url())}); });
  Client client(server, "name:word");
  check_thrown([&] { static_cast<void>(client.read(descriptor_of(content))); }, "in plain HTTP");
  CHECK(other.asked().empty());

  std::string self;
  HttpServer liar([&](const Asked& asked) {
    if (asked.target.starts_with("/token")) return reply(200, {}, R"({"token":"t\r\nHost: x"})");
    return reply(401, {snug::format("WWW-Authenticate: Bearer realm=\"{}/token\"", self)});
  });
  self = liar.url();
  Client misled(liar);
  check_thrown([&] { static_cast<void>(misled.read(descriptor_of(content))); }, "no token");
}

TEST_CASE("who was refused with what was typed is not told to type it") {
  std::string self;
  HttpServer server([&](const Asked& asked) {
    return asked.target.starts_with("/token") ? reply(403) : reply(401, {snug::format("WWW-Authenticate: Bearer realm=\"{}/token\"", self)});
  });
  self = server.url();
  for (const std::string credentials : {"", "name:wrong"}) {
    Client client(server, credentials);
    try {
      static_cast<void>(client.read(descriptor_of(content)));
      FAIL("was let in");
    } catch (const Error& error) {
      CHECK(error.hint() == (credentials.empty() ? "'snug login' takes them" : ""));
    }
  }
}

TEST_CASE("mirrors are asked first, and not with the credentials for the registry") {
  HttpServer mirror([](const Asked& asked) { return asked.target.find("manifests/1") != std::string::npos ? reply(200, {}, "mirrored") : reply(401, {"WWW-Authenticate: Basic realm=\"x\""}); });
  HttpServer server([](const Asked& asked) { return asked.headers.contains("authorization") ? reply(200, {}, content) : reply(401, {"WWW-Authenticate: Basic realm=\"x\""}); });
  const TestStore folder;
  std::filesystem::create_directories(folder.folder / "containers");
  Client client(server, "name:word");
  client.connection.config_folder = folder.folder;
  static_cast<void>(folder.write("containers/registries.conf", snug::format("[[registry]]\nlocation = \"{}\"\n[[registry.mirror]]\nlocation = \"{}/below\"\ninsecure = true\n", server.host(), mirror.host())));
  const auto source = transport::open_registry_source(client.reference, client.connection);
  CHECK(source->manifest({}).content == "mirrored");
  CHECK(mirror.asked().back().target == "/v2/below/team/thing/manifests/1");
  std::string text;
  source->read_blob(descriptor_of(content), {}, [] {}, [&](std::string_view bytes) { text += bytes; });
  CHECK((text == content));
  for (const Asked& asked : mirror.asked()) CHECK_FALSE(asked.headers.contains("authorization"));
}

TEST_CASE("an upload that fails is begun again, and what the registry says that it has must be what was pushed") {
  std::atomic<int> puts = 0;
  const std::string wrong = transport::digest_of("other").text();
  HttpServer server([&](const Asked& asked) {
    if (is_ping(asked)) return reply(200);
    if (asked.method == "HEAD") return reply(404);
    if (asked.method == "POST") return reply(202, {"Location: /upload?state=a"});
    if (asked.target.find("manifests") != std::string::npos) return reply(201, {"Docker-Content-Digest: " + wrong});
    return ++puts == 1 ? reply(503) : reply(201);
  });
  Client client(server);
  const auto target = transport::open_registry_target(client.reference, client.connection);
  const image::Descriptor blob = descriptor_of(content);
  CHECK_FALSE(target->has_blob(blob));
  target->write_blob(blob, [&](const transport::Sink& sink) { for (std::size_t at = 0; at < content.size(); at += 100'000) sink(std::string_view(content).substr(at, 100'000)); });
  CHECK(client.pauses == std::vector<unsigned>{1});
  const Asked last = server.asked().back();
  CHECK(last.method == "PUT");
  CHECK(last.target == "/upload?state=a&digest=sha256%3A" + blob.digest.hex);
  CHECK((last.body == content));
  check_thrown([&] { target->finish({"{}", ""}); }, "says that it has");
}

TEST_CASE("an upload stops where the registry wants no more of it") {
  const std::string large(std::size_t{32} << 20U, 'x');
  HttpServer server([&](const Asked& asked) {
    if (asked.method == "POST") return reply(202, {"Location: /upload"});
    return asked.method == "PUT" ? reply(403, {}, R"({"errors":[{"code":"DENIED"}]})") : reply(200);
  });
  Client client(server);
  const auto target = transport::open_registry_target(client.reference, client.connection);
  check_thrown([&] { target->write_blob(descriptor_of(large), [&](const transport::Sink& sink) { sink(large); }); }, "DENIED");
  check_thrown([&] { target->write_blob(descriptor_of(large), [&](const transport::Sink&) { throw Error("the disk is broken"); }); }, "the disk is broken");
}

TEST_CASE("a blob of a neighbour is mounted") {
  HttpServer server([](const Asked& asked) {
    if (asked.method == "HEAD") return reply(404);
    return asked.method == "POST" ? reply(201) : reply(200);
  });
  Client client(server);
  const image::Descriptor blob = descriptor_of(content);
  const auto target = transport::open_registry_target(client.reference, client.connection, {.blobs = {{blob.digest, "team/other"}}, .same = "team/same"});
  CHECK(target->has_blob(blob));
  CHECK(server.asked().back().target == snug::format("/v2/team/thing/blobs/uploads/?mount=sha256%3A{}&from=team%2Fother", blob.digest.hex));
  CHECK(target->has_blob(descriptor_of("compressed on its way")));
  CHECK(server.asked().back().target.ends_with("&from=team%2Fsame"));
}

TEST_CASE("a blocked registry is not asked") {
  HttpServer server([](const Asked&) { return reply(200); });
  const TestStore folder;
  std::filesystem::create_directories(folder.folder / "containers");
  Client client(server);
  client.connection.config_folder = folder.folder;
  static_cast<void>(folder.write("containers/registries.conf", snug::format("[[registry]]\nprefix = \"{}/team\"\nblocked = true\n", server.host())));
  check_thrown([&] { static_cast<void>(client.read(descriptor_of(content))); }, "is blocked by");
  CHECK(server.asked().empty());
}

TEST_CASE("a proxy is gone through, and told no credentials of a registry that speaks TLS") {
  HttpServer proxy([](const Asked& asked) { return asked.method == "CONNECT" ? reply(403) : reply(200, {}, "through"); });
  Client client(proxy, "name:word");
  client.connection.http_proxy = client.connection.https_proxy = proxy.url();
  client.connection.insecure_host = "registry.invalid";
  client.reference = image::parse_reference("registry.invalid/team/thing:1");
  CHECK(transport::open_registry_source(client.reference, client.connection)->manifest({}).content == "through");
  CHECK(proxy.asked().front().target == "registry.invalid:443");
  CHECK(proxy.asked().back().target == "http://registry.invalid/v2/team/thing/manifests/1");
  client.connection.insecure_host.clear();
  check_thrown([&] { static_cast<void>(transport::open_registry_source(client.reference, client.connection)->manifest({})); }, "cannot talk to");
  for (const Asked& asked : proxy.asked())
    if (asked.method == "CONNECT") CHECK_FALSE(asked.headers.contains("authorization"));
}

TEST_CASE("where neither TLS nor plain HTTP gets through, it is told why of both") {
  Connection connection{.insecure_host = "registry.invalid", .http_proxy = "http://127.0.0.1:2", .https_proxy = "http://127.0.0.1:1"};
  try {
    static_cast<void>(transport::open_registry_source(image::parse_reference("registry.invalid/thing:1"), connection)->manifest({}));
    FAIL("was answered");
  } catch (const Error& error) {
    CHECK_MESSAGE(error.message().find("127.0.0.1 port 2") != std::string::npos, error.message());
    REQUIRE_FALSE(error.contexts().empty());
    CHECK_MESSAGE(error.contexts().front().find("talking in plain HTTP, because with TLS it cannot talk to 'registry.invalid': Failed to connect to 127.0.0.1 port 1") != std::string::npos, error.contexts().front());
  }
}
