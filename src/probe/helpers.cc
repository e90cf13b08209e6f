#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "examination.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/probe/host.hh"
#include "snug/sys/file.hh"

namespace snug::probe {
namespace {

using Verdict = Finding::Verdict;

void examine_own_programs(Examination& examination) {
  for (const auto& [name, purpose] : {std::pair{"snug-image", "the commands on images, and images as roots"}, {"snug-layer", "archives as roots, and cp of archives"}}) {
    const std::string path = find_own_program(name);
    examination.add({.name = name,
                     .purpose = purpose,
                     .verdict = path.empty() ? Verdict::missing : Verdict::works,
                     .detail = path.empty() ? "not installed beside snug" : path,
                     .you_can = path.empty() ? "make install, or copy it into the folder of snug" : ""});
  }
}

void examine_programs(Examination& examination) {
  struct Program {
    const char* name;
    const char* purpose;
    const char* path;
    const char* package;
  };
  for (const Program& program :
       {Program{"mmdebstrap", "makes a Debian root file system without root", "/usr/bin/mmdebstrap", "mmdebstrap"},
        Program{"fuse-overlayfs", "the root of an image or a folder, where the kernel's overlays cannot serve", "/usr/bin/fuse-overlayfs", "fuse-overlayfs"},
        Program{"pasta", "a way out for a private network", "/usr/bin/pasta", "passt"},
        Program{"slirp4netns", "the same, without ports, where pasta is missing", "/usr/bin/slirp4netns", "slirp4netns"}}) {
    const bool there = ::access(program.path, X_OK) == 0;
    examination.add({.name = program.name,
                     .purpose = program.purpose,
                     .verdict = there ? Verdict::works : Verdict::missing,
                     .detail = there ? program.path : "not installed",
                     .ask = there ? "" : format("apt-get install {}", program.package)});
  }
}

void examine_devices(Examination& examination) {
  struct Device {
    const char* path;
    const char* purpose;
    const char* module;
  };
  for (const Device& device : {Device{"/dev/net/tun", "pasta needs it", "tun"},
                               Device{"/dev/fuse", "fuse-overlayfs needs it", "fuse"}}) {
    const sys::Fd fd = sys::try_open(AT_FDCWD, device.path, O_RDWR);
    const int error = fd ? 0 : errno;
    examination.add({.name = device.path,
                     .purpose = device.purpose,
                     .verdict = error ? Verdict::missing : Verdict::works,
                     .detail = error ? errno_text(error) : "",
                     .ask = error == EACCES   ? format("chmod 666 {}", device.path)
                            : error == ENOENT ? format("modprobe {}, or start the outer container with --device {}", device.module, device.path)
                                              : ""});
  }
}

}  // namespace

void examine_helpers(Examination& examination) {
  examine_own_programs(examination);
  examine_programs(examination);
  examine_devices(examination);
}

}  // namespace snug::probe
