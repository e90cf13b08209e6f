#pragma once

#include <unistd.h>

#include <chrono>
#include <string>

#include "harness.hh"
#include "helper.hh"

namespace snug::test {

inline bool can_have_networks() {
  if (::access("/usr/bin/pasta", X_OK) != 0) return skip("pasta is not installed"), false;
  if (::access("/usr/sbin/ip", X_OK) != 0 && ::access("/sbin/ip", X_OK) != 0) return skip("ip(8) is not installed"), false;
  if (::access("/dev/net/tun", R_OK | W_OK) != 0) return skip("/dev/net/tun is closed"), false;
  return true;
}

/// Runs a script in the world of tests/setup/outside. `$run` starts a container of the small root, in which peer is /peer, as "$ROOT"; outside it
/// is $peer. `world SCRIPT` is run by who has all rights over that world, and prints what it said. `unlost COMMAND...` prints what the command
/// says once that is of no lost packet, or the third time: a way out that takes just as long as it takes to send a packet again looks like one.
/// `without` is the path of a program or a device that is to be missing, or "ipv4" or "ipv6".
inline Result outside(const std::string& script, const std::string& without = "") {
  const Scratch data;
  const std::string head =
      "unlost() { for turn in 1 2 3; do told=$(\"$@\"); case $told in *lost*) ;; *) break ;; esac; done; echo \"$told\"; }\n"
      "peer=$PEER run=\"$SNUG run --userns single -v $PEER:/peer:ro\"\n"
      "world() { echo \"$*\" >/mnt/deed; echo >/mnt/ask; read -r _ </mnt/answer; cat /mnt/told; }\n";
  return run({"tests/setup/outside", helper("peer"), "sh", "-c", head + script},
             {.env = {"SNUG=" + program(), "PEER=" + helper("peer"), "ROOT=" + small_root(), "DEBIAN=" + debian_root(), "XDG_DATA_HOME=" + data.path(), "OUTSIDE_WITHOUT=" + without},
              .patience = std::chrono::seconds(120)});
}

}  // namespace snug::test
