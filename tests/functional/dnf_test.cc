#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

#include "images.hh"

using namespace snug::test;

// The other family's installer: Debian has dnf, rpm and rpmbuild, and so a package and its repository are made inside.
namespace {

constexpr const char* preparation = R"sh(
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -yq --no-install-recommends dnf rpm createrepo-c libcap2-bin
mkdir -p /repository /etc/yum.repos.d
cat >served.spec <<END
Name: served
Version: 1
Release: 1
Summary: What gives files away, adds a user and starts a program as that
License: MIT
BuildArch: noarch
AutoReqProv: no
Provides: /bin/sh
%description
As its summary says.
%install
mkdir -p %{buildroot}/srv/served/shared %{buildroot}/usr/bin
echo data >%{buildroot}/srv/served/data
echo program >%{buildroot}/usr/bin/served
ln -s data %{buildroot}/srv/served/link
%pre
useradd --system served
%post
su -s /bin/sh served -c 'echo started >/tmp/started'
%postun
userdel served
%files
%attr(0640,daemon,mail) /srv/served/data
%attr(4755,root,daemon) %caps(cap_net_raw=ep) /usr/bin/served
%dir %attr(2770,daemon,daemon) /srv/served/shared
/srv/served/link
END
rpmbuild --define '_topdir /build' -bb served.spec
cp /build/RPMS/noarch/served-1-1.noarch.rpm /repository
createrepo_c -q /repository
printf '[here]\nname=here\nbaseurl=file:///repository\ngpgcheck=0\n' >/etc/yum.repos.d/here.repo
)sh";

constexpr const char* installation = R"sh(
dnf() { command dnf -yq --releasever=1 --setopt=module_platform_id=platform:here "$@" >&2; }
dnf install served
rpm -q served
cat /srv/served/data /tmp/started
grep -c ^served: /etc/passwd
stat -c %a /usr/bin/served
getcap /usr/bin/served
rpm -V served || echo "not as it was made"
dnf remove served
test ! -e /srv/served/data -a ! -e /usr/bin/served
grep -c ^served: /etc/passwd || echo whole
)sh";

}  // namespace

TEST_SUITE_BEGIN("once");

TEST_CASE("a real Debian with one id: dnf installs what gives files away, adds a user and starts a program as that, and removes it") {
  if (debian_root().empty()) return skip("no Debian root was made");
  const Data data;
  const auto snug_for_long = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"env", data.environment(), program()});
    return run(words, {.patience = std::chrono::seconds(240)});
  };
  REQUIRE(snug_for_long({"import", debian_root() + ".tar", "localhost/debian"}).code == 0);
  REQUIRE(data.snug({"create", "--name", "dnf", "--userns", "single", "--network", "host", "localhost/debian", "sh", "-exc", preparation}).code == 0);
  const Result prepared = snug_for_long({"start", "--attach", "dnf"});
  REQUIRE_MESSAGE(prepared.code == 0, prepared.out << prepared.err);
  REQUIRE(snug_for_long({"commit", "dnf", "localhost/dnf"}).code == 0);
  for (const char* rung : {"static", "remembered"}) {
    const Result result = snug_for_long({"run", "--userns", "single", "--emulate-root", rung, "--network", "none", "localhost/dnf", "sh", "-ec", installation});
    CHECK_MESSAGE(result.out.starts_with("served-1-1.noarch\ndata\nstarted\n1\n4755\n/usr/bin/served cap_net_raw=ep\n"), result.out << result.err);
    CHECK_MESSAGE(result.out.ends_with("0\nwhole\n"), result.out << result.err);
    CHECK_MESSAGE(has(result.out, "not as it was made") == (rung == std::string("static")), result.out << result.err);
  }
}

TEST_SUITE_END();
