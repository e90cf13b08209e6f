#include <doctest/doctest.h>
#include <sys/stat.h>

#include <thread>

#include "auth.hh"
#include "snug/base/base64.hh"
#include "credentials.hh"
#include "doubles.hh"
#include "registries_conf.hh"
#include "registry.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

// What is read of texts: headers, URLs, auth.json, registries.conf.

using namespace snug;
using namespace snug::test;
using namespace snug::transport;

TEST_CASE("challenges are told apart, and odd ones end nothing") {
  using Challenges = std::vector<Challenge>;
  CHECK(parse_challenges(R"(Bearer realm="https://auth.example.com/token",service="a, b",scope="x\"y")") ==
        Challenges{{"bearer", {{"realm", "https://auth.example.com/token"}, {"service", "a, b"}, {"scope", "x\"y"}}}});
  CHECK(parse_challenges("BASIC Realm = plain , Negotiate,Bearer realm=\"r\"") == Challenges{{"basic", {{"realm", "plain"}}}, {"negotiate", {}}, {"bearer", {{"realm", "r"}}}});
  CHECK(parse_challenges("Basic realm=\"one\", realm=\"two\"") == Challenges{{"basic", {{"realm", "one"}}}});
  CHECK(parse_challenges("Bearer realm=\"open") == Challenges{{"bearer", {}}});
  for (const char* odd : {"", ",,,", "=", "\"", "realm=\"x\"=", "\xff\xfe"}) CHECK_NOTHROW(static_cast<void>(parse_challenges(odd)));
  CHECK(parse_challenges(std::string(9000, 'a')).empty());
  std::string many = "Basic ";
  for (int at = 0; at < 100; ++at) many += snug::format("a{}=1,", at);
  CHECK(parse_challenges(many)[0].parameters.size() == 32);
}

TEST_CASE("passwords are told to the registry's own neighbours alone") {
  for (const auto& [registry, realm] : std::vector<std::pair<const char*, const char*>>{
           {"quay.io", "quay.io"}, {"registry-1.docker.io", "auth.docker.io"}, {"registry.gitlab.com", "gitlab.com"}, {"registry.example.com", "auth.example.com"}, {"127.0.0.1", "127.0.0.1"}})
    CHECK_MESSAGE(may_be_told(registry, realm), registry);
  for (const auto& [registry, realm] : std::vector<std::pair<const char*, const char*>>{
           {"quay.io", "evil.io"}, {"example.com", "evil.com"}, {"shop.co.uk", "evil.co.uk"}, {"registry.example.com", "example.com.evil.org"}, {"registry.example.com", "com"},
           {"registry.example.com", "a.b.example.com"}, {"registry.example.com", "evilexample.com"}, {"127.0.0.1", "126.0.0.1"}, {"10.0.0.1", "11.0.0.1"}, {"localhost", "evil"}, {"auth.docker.io.evil.org", "auth.docker.io"}})
    CHECK_MESSAGE(!may_be_told(registry, realm), registry);
}

TEST_CASE("URLs are http or https, and hold no credentials") {
  CHECK(parse_url("https://Example.COM/v2/") == Url{"https", "example.com", 443, "/v2/"});
  CHECK(parse_url("http://[::1]:5000/a?b=c#d") == Url{"http", "[::1]", 5000, "/a?b=c"});
  for (const char* odd : {"", "x", "/v2/", "ftp://example.com/", "https://", "https://name:word@example.com/", "https://example.com:0/", "https://example.com:99999/", "https://exa mple.com/", "https://2%38/", "https://a%2fb/"})
    CHECK_MESSAGE(!parse_url(odd), odd);
  CHECK_FALSE(parse_url("https://example.com/" + std::string(20000, 'x')));
  const Url base{"https", "example.com", 5000, "/v2/name/blobs/uploads/"};
  CHECK(render_url(resolve_url(base, "/upload/1?state=x").value()) == "https://example.com:5000/upload/1?state=x");
  CHECK(render_url(resolve_url(base, "//other.example.com/x").value()) == "https://other.example.com/x");
  CHECK(render_url(resolve_url(base, "../x").value()) == "https://example.com:5000/v2/name/blobs/x");
  CHECK_FALSE(resolve_url(base, "file:///etc/passwd"));
  CHECK_FALSE(same_origin(base, Url{"https", "example.com", 443, "/"}));
  CHECK_FALSE(same_origin(base, Url{"http", "example.com", 5000, "/"}));
}

TEST_CASE("ranges of bytes are read whole or not at all") {
  CHECK(parse_content_range("bytes 5-9/10") == ByteRange{5, 9, 10});
  CHECK(parse_content_range("bytes 5-9/*") == ByteRange{5, 9, {}});
  for (const char* odd : {"", "5-9/10", "bytes 9-5/10", "bytes 5-10/10", "bytes -5/10", "bytes 5-/10", "bytes 5-9/", "bytes 5-9", "bytes 5-9/x", "bytes 18446744073709551616-1/2"})
    CHECK_MESSAGE(!parse_content_range(odd), odd);
}

TEST_CASE("base64 goes there and back") {
  for (const char* text : {"", "a", "ab", "abc", "abcd", "name:word\xff"}) CHECK(from_base64(to_base64(text)) == text);
  CHECK(to_base64("name:word") == "bmFtZTp3b3Jk");
  CHECK_FALSE(from_base64("a b"));
}

TEST_CASE("credentials are found by the longest key") {
  const AuthFile file = parse_auth_file(R"({"auths":{"https://index.docker.io/v1/":{"auth":"YTpi"},"quay.io/team":{"username":"c","password":"d"},"x.example.com":{"auth":"YTpi","identitytoken":"t"}},
    "credHelpers":{"https://gcr.io":"gcloud"},"credsStore":"pass","other":1})");
  CHECK(file.logins.at("docker.io") == Login{"a", "b", ""});
  CHECK(file.logins.at("quay.io/team") == Login{"c", "d", ""});
  CHECK(file.logins.at("x.example.com")->identity_token == "t");
  CHECK(file.helpers.at("gcr.io") == "gcloud");
  CHECK(file.store == "pass");
  CHECK(keys_for("quay.io", "team/thing") == std::vector<std::string>{"quay.io/team/thing", "quay.io/team", "quay.io"});
  CHECK(keys_for("quay.io", "") == std::vector<std::string>{"quay.io"});
  for (const char* odd : {"[]", "1", "{", R"({"auths":)"}) CHECK_THROWS_AS(static_cast<void>(parse_auth_file(odd)), Error);
  CHECK(parse_auth_file(" \n").logins.empty());
}

TEST_CASE("an entry that is none spoils its own registry alone") {
  const TestStore folder;
  const Connection connection{.auth_file = folder.write("auth.json", R"({"auths":{"odd.example.com":{"auth":"!"},"half.example.com":{"auth":"YQ=="},"x.example.com":{"auth":"YTpi"}}})")};
  CHECK(find_login(connection, "x.example.com", "a") == Login{"a", "b", ""});
  CHECK_FALSE(find_login(connection, "y.example.com", "a"));
  for (const char* registry : {"odd.example.com", "half.example.com"})
    CHECK(thrown([&] { static_cast<void>(find_login(connection, registry, "a")); }).find("is no name and password") != std::string::npos);
}

TEST_CASE("a login is kept for the caller alone, beside what else the file says, and forgotten again") {
  const TestStore folder;
  const std::string path = folder.write("auth.json", R"({"auths":{"https://index.docker.io/v1/":{"auth":"YTpi"}},"mine":[1]})");
  const Connection connection{.auth_file = path};
  keep_login(connection, "docker.io", {"name", "word:word", ""});
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
  CHECK(find_login(connection, "docker.io", "library/debian") == Login{"name", "word:word", ""});
  CHECK(forget_login(connection, "docker.io") == 1);
  CHECK(forget_login(connection, "docker.io") == 0);
  CHECK_FALSE(find_login(connection, "docker.io", ""));
  static_cast<void>(folder.write("auth.json", "nonsense"));
  CHECK(thrown([&] { static_cast<void>(find_login(connection, "docker.io", "")); }).find("reading " + path) != std::string::npos);
  CHECK(!find_login({.auth_file = path + ".none"}, "docker.io", ""));  // whether it has to be there is for who was told of it
}

TEST_CASE("logins at once are all kept, and a link to the file stays one") {
  const TestStore folder;
  const std::string path = folder.folder / "auth.json", real = folder.folder / "real.json";
  std::filesystem::create_symlink("real.json", path);  // which is not there yet
  std::vector<std::jthread> threads;
  for (int at = 0; at < 8; ++at) threads.emplace_back([&, at] { keep_login({.auth_file = path}, format("x.example.com/{}", at), {"me", "word", ""}); });
  threads.clear();
  CHECK(std::filesystem::is_symlink(path));
  CHECK(parse_auth_file(sys::find_file_text(real.c_str()).value()).logins.size() == 8);
  CHECK(forget_login({.auth_file = path}, "") == 8);
  CHECK(std::filesystem::is_symlink(path));
}

TEST_CASE("a credential helper is asked for what its registry needs") {
  const TestStore folder;
  const std::string path = folder.write("docker-credential-test",
      "#!/bin/sh\nread server\ncase $server in https://index*) echo '{\"ServerURL\":\"x\",\"Username\":\"'$1$WHO'\",\"Secret\":\"word\"}' ;; none*) echo 'credentials not found in native keychain'; exit 1 ;; mute*) exit 1 ;; *) echo broken; exit 1 ;; esac\n");
  REQUIRE(::chmod(path.c_str(), 0755) == 0);
  const std::string file = folder.write("auth.json", R"({"auths":{"none.example.com":{}},"credsStore":"test"})");
  const Connection connection{.auth_file = file, .helper_folders = {"relative", folder.folder}, .helper_environment = {"WHO=me"}};
  CHECK(find_login(connection, "docker.io", "library/debian") == Login{"getme", "word", ""});
  CHECK_FALSE(find_login(connection, "none.example.com", ""));
  CHECK(thrown([&] { static_cast<void>(find_login(connection, "x.example.com", "")); }).find("broken") != std::string::npos);
  CHECK(thrown([&] { static_cast<void>(find_login(connection, "mute.example.com", "")); }).find("'mute.example.com', and does not say why") != std::string::npos);
  static_cast<void>(folder.write("auth.json", R"({"credsStore":"../test"})"));
  CHECK(thrown([&] { static_cast<void>(find_login(connection, "docker.io", "")); }).find("no name of a credential helper") != std::string::npos);
}

TEST_CASE("a credential helper keeps what is its own to keep, and forgets it") {
  const TestStore folder;
  const std::string program = folder.write("docker-credential-file",
      "#!/bin/sh\ncd $PLACE\ncase $1 in store) cat >kept ;; get) read server; grep -qs \"\\\"$server\\\"\" kept && cat kept || { echo credentials not found; exit 1; } ;; erase) read server; echo $server >erased; rm kept ;;"
      " list) echo '{\"x.example.com\":\"me\"}' ;; esac\n");
  REQUIRE(::chmod(program.c_str(), 0755) == 0);
  for (const char* text : {R"({"auths":{"x.example.com":{"auth":"YTpi"}},"credsStore":"file"})", R"({"credHelpers":{"https://x.example.com":"file"}})"}) {
    const std::string path = folder.write("auth.json", text);
    const Connection connection{.auth_file = path, .helper_folders = {folder.folder, "/bin"}, .helper_environment = {"PATH=/usr/bin:/bin", "PLACE=" + std::string(folder.folder)}};
    keep_login(connection, "x.example.com", {"me", "wo\"rd", ""});
    CHECK(sys::find_file_text(path.c_str()).value().find("\"auth\"") == std::string::npos);
    CHECK(find_login(connection, "x.example.com", "a") == Login{"me", "wo\"rd", ""});
    CHECK(thrown([&] { keep_login(connection, "x.example.com/team", {"me", "word", ""}); }).find("no registry as a whole") != std::string::npos);
    CHECK(forget_login(connection, "x.example.com") == 1);
    CHECK(sys::find_file_text((folder.folder / "erased").c_str()) == "x.example.com\n");
    CHECK(forget_login(connection, "x.example.com") == 0);
    keep_login(connection, "x.example.com", {"me", "word", ""});
    CHECK(forget_login(connection, "") == 1);
    CHECK_FALSE(find_login(connection, "x.example.com", "a"));
  }
}

TEST_CASE("registries.conf lists who keeps logins, before the files or after them") {
  const TestStore folder;
  for (const auto& [name, script] : {std::pair{"docker-credential-file", "cd $PLACE\ncase $1 in store) cat >kept ;; get) [ -e kept ] && cat kept || { echo credentials not found; exit 1; } ;; erase) rm kept ;; list) echo '{\"x.example.com\":\"me\"}' ;; esac\n"},
                                     std::pair{"docker-credential-broken", "exit 1\n"}})
    REQUIRE(::chmod(folder.write(name, std::string("#!/bin/sh\n") + script).c_str(), 0755) == 0);
  std::filesystem::create_directories(folder.folder / "containers");
  const std::string file = folder.write("containers/auth.json", R"({"auths":{"x.example.com":{"auth":"YTpi"}}})");  // a:b
  const Connection connection{.registries_file = folder.folder / "registries.conf", .config_folder = folder.folder,
                              .helper_folders = {folder.folder, "/bin"}, .helper_environment = {"PATH=/usr/bin:/bin", "PLACE=" + std::string(folder.folder)}};
  const auto list = [&](const std::string& keepers) { static_cast<void>(folder.write("registries.conf", "credential-helpers = [" + keepers + "]")); };
  const auto find = [&] { return find_login(connection, "x.example.com", ""); };
  const auto is_in_file = [&](const char* text) { return sys::find_file_text(file.c_str()).value().find(text) != std::string::npos; };
  list(R"("file", "containers-auth.json")");
  CHECK(find() == Login{"a", "b", ""});
  keep_login(connection, "x.example.com", {"me", "word", ""});
  CHECK_FALSE(is_in_file(to_base64("me:word").c_str()));
  CHECK(find() == Login{"me", "word", ""});
  keep_login(connection, "x.example.com/team", {"me", "word", ""});  // of which a helper knows nothing
  CHECK(is_in_file("x.example.com/team"));
  Connection typed = connection;
  typed.auth_file = file;
  CHECK(find_login(typed, "x.example.com", "") == Login{"a", "b", ""});
  list(R"("broken", "containers-auth.json", "file")");
  CHECK(find() == Login{"a", "b", ""});
  CHECK(thrown([&] { static_cast<void>(forget_login(connection, "x.example.com")); }).find("docker-credential-broken") != std::string::npos);
  CHECK_FALSE(is_in_file("YTpi"));  // the others have forgotten it
  CHECK(thrown([&] { static_cast<void>(find()); }).find("docker-credential-broken") != std::string::npos);
  list(R"("containers-auth.json", "file")");
  CHECK_FALSE(find());
  keep_login(connection, "y.example.com", {"me", "word", ""});
  static_cast<void>(folder.write("kept", R"({"Username":"me","Secret":"word"})"));
  CHECK(forget_login(connection, "") == 3);
  CHECK_FALSE(find());
}

TEST_CASE("registries.conf says where a name leads") {
  RegistriesConf conf;
  add_registries(conf, R"(
unqualified-search-registries = ["one.example.com", "docker.io"]
[aliases]
"centos" = "quay.io/centos/centos"
[[registry]]
prefix = "docker.io"
location = "mirror.example.com:5000/hub"
[[registry.mirror]]
location = "near.example.com"
insecure = true
[[registry.mirror]]
location = "digests.example.com"
pull-from-mirror = "digest-only"
[[registry]]
prefix = "docker.io/library/secret"
blocked = true
[[registry]]
prefix = "*.corp.example.com"
insecure = true
)", "first");
  add_registries(conf, "[aliases]\n\"other\" = \"example.com/other\"\n", "second");
  CHECK(conf.search == std::vector<std::string>{"one.example.com", "docker.io"});
  CHECK(conf.aliases.size() == 2);
  const auto endpoints = [&](const char* name) { return endpoints_of(conf, image::parse_reference(name), {}, true); };
  using Endpoints = std::vector<Endpoint>;
  CHECK(endpoints("debian:12") == Endpoints{{"near.example.com", "library/debian", true}, {"mirror.example.com:5000", "hub/library/debian", false}});
  CHECK(endpoints(("debian@sha256:" + std::string(64, 'a')).c_str())[1] == Endpoint{"digests.example.com", "library/debian", false});
  CHECK(endpoints("a.corp.example.com/x") == Endpoints{{"a.corp.example.com", "x", true}});
  CHECK(endpoints("corp.example.com/x") == Endpoints{{"corp.example.com", "x", false}});
  CHECK_THROWS_AS(static_cast<void>(endpoints("secret:1")), Error);
  CHECK(endpoints("secrets:1").size() == 2);
  CHECK(endpoints_of({}, image::parse_reference("debian"), {}, true) == Endpoints{{"registry-1.docker.io", "library/debian", false}});
  CHECK(endpoints_of({}, image::parse_reference("x.io/a"), {.insecure_host = "x.io"}, true)[0].insecure);
  CHECK_FALSE(endpoints_of({}, image::parse_reference("x.io/a"), {.insecure_host = "y.io"}, true)[0].insecure);
}

TEST_CASE("a damaged registries.conf is named with the line") {
  for (const char* text : {"\n[[registry]]\nblocked = 1", "\n\nunqualified-search-registries = \"x\"", "\n\n[registries.search]", "\n\n=", "\n\n[[registry]]\nblocked = true\n", "\n[[registry]]\nlocation = \"https://x\"",
                           "\n[[registry]]\nlocation = \"x\"\n[[registry.mirror]]\n"}) {
    RegistriesConf conf;
    const std::string message = thrown([&] { add_registries(conf, text, "/etc/x.conf"); });
    CHECK_MESSAGE(message.find("reading /etc/x.conf:") != std::string::npos, message);
  }
}

TEST_CASE("names without a registry are looked up") {
  const TestStore folder;
  std::filesystem::create_directories(folder.folder / "containers");
  static_cast<void>(folder.write("containers/registries.conf", "unqualified-search-registries = [\"one.example.com\", \"docker.io\"]\n[aliases]\n\"snugtest\" = \"quay.io/x/y\"\n"));
  const Connection connection{.config_folder = folder.folder};
  const auto names = [&](const char* typed) {
    std::vector<std::string> all;
    for (const image::Reference& one : find_candidates(image::parse_reference(typed), connection)) all.push_back(image::render_reference(one));
    return all;
  };
  using Names = std::vector<std::string>;
  CHECK(names("snugtest:2") == Names{"quay.io/x/y:2"});
  CHECK(names("snugtest2/x:2") == Names{"one.example.com/snugtest2/x:2", "docker.io/snugtest2/x:2"});
  CHECK(names("docker.io/snugtest") == Names{"docker.io/library/snugtest:latest"});
  CHECK(names("snugtest3") == Names{"one.example.com/snugtest3:latest", "docker.io/library/snugtest3:latest"});
  const Connection named{.registries_file = folder.write("named.conf", "unqualified-search-registries = [\"two.example.com\"]\n"), .config_folder = folder.folder};
  CHECK(image::render_reference(find_candidates(image::parse_reference("snugtest"), named).at(0)) == "two.example.com/snugtest:latest");
  CHECK(thrown([] { static_cast<void>(find_candidates(image::parse_reference("x"), {.registries_file = "/no/such.conf"})); }).find("there is no file '/no/such.conf'") != std::string::npos);
}
