#include "making.hh"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "containers.hh"
#include "joining.hh"
#include "removing.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/trees.hh"
#include "snug/state/names.hh"
#include "snug/sys/file.hh"

namespace snug::commands {

IdFile::IdFile(const cli::Invocation& invocation) {
  const std::string* typed = invocation.arguments.find("cidfile");
  if (!typed) return;
  file_ = sys::try_open(AT_FDCWD, typed->c_str(), O_WRONLY | O_CREAT | O_EXCL, 0644);
  if (!file_ && errno == EEXIST)
    throw Error(format("--cidfile: the file {} is there already", quoted(*typed)), format("it may tell of a container that is still needed; else rm {}", shell_quoted(*typed)));
  if (!file_) throw system_error(format("make the file {} of --cidfile", quoted(*typed)), errno);
  path_ = *typed;
}

IdFile::~IdFile() {
  if (file_) ::unlink(path_.c_str());
}

void IdFile::write(Planned& planned) {
  if (!file_) return;
  if (!planned.storage) {
    planned.storage = std::make_unique<Storage>(planned.facts.store, own_maps(planned));
    planned.spec.name = planned.storage->take_name({}, plan::usual_name(planned.spec.rootfs));
  }
  if (const int error = sys::write_all(file_.get(), planned.storage->id())) throw system_error(format("write {}", quoted(path_)), error);
  file_.reset();
}

namespace {

bool replaces(const cli::Invocation& invocation, const plan::Spec& spec) {
  const bool asked = invocation.arguments.flag("replace");
  if (asked && !spec.name) throw UsageError("--replace needs the name of the container that it replaces", "--name NAME");
  return asked;
}

}  // namespace

std::vector<std::string> making_terms(const cli::Invocation& invocation, const plan::Spec& spec) {
  std::vector<std::string> terms;
  if (replaces(invocation, spec)) terms.push_back(format("a container {} that is there goes first, also one that runs", quoted(*spec.name)));
  if (const std::string* typed = invocation.arguments.find("cidfile")) terms.push_back(format("its id is written to {}, which must not be there", quoted(*typed)));
  return terms;
}

void check_foreground(const plan::Spec& spec) {
  if (spec.restart.when != plan::Restart::When::never && !spec.detach) throw UsageError("--restart is for containers in the background", "add --detach, or 'snug create' it");
}

void make_room(const cli::Invocation& invocation, const plan::Spec& spec) {
  if (!replaces(invocation, spec)) return;
  const std::string store = store_of(invocation.environment);
  const auto record = state::try_find_record(store, *spec.name);
  if (!record || record->name != *spec.name) return;
  if (joined_container(spec) == *spec.name) throw UsageError(format("--replace: {} cannot have the namespaces of the container that it replaces", quoted(*spec.name)));
  // What cannot be made replaces nothing. Of an archive that is only known once it is unpacked.
  if (spec.rootfs.kind != plan::Rootfs::Kind::archive) static_cast<void>(plan_container(spec, invocation, Purpose::check, false));
  static_cast<void>(remove_by_force(store, *record, Trees(invocation.environment)));  // what stays has had its notice, and no name
}

}  // namespace snug::commands
