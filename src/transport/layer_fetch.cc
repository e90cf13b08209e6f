#include "layer_fetch.hh"

#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "extent.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::transport {

using image::Staged;

namespace {

std::uint64_t size_of(int file) {
  const auto status = sys::find_status(file, "");
  return status ? static_cast<std::uint64_t>(status->st_size) : 0;
}

// What the source called the content of which the file holds the beginning. Where there are no attributes the digest alone tells, at the
// end, whether the parts belong together.
constexpr const char* validator_xattr = "user.snug.validator";

std::string validator_of(int file) {
  std::string value(256, '\0');
  const ssize_t size = ::fgetxattr(file, validator_xattr, value.data(), value.size());
  value.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return value;
}

void remember_validator(int file, const std::string& validator) {
  if (validator.empty() || ::fsetxattr(file, validator_xattr, validator.data(), validator.size(), 0) != 0) static_cast<void>(::fremovexattr(file, validator_xattr));
}

void empty(int file) {
  if (::ftruncate(file, 0) != 0) throw system_error("empty a file of the store", errno);
}

}  // namespace

void LayerFetch::run(bool known) {
  // Of an image that is here already what is unpacked needs no blob.
  if (how_.only_unpack && !is_present() && !start_unpacking()) return show(Progress::State::present, layer_.blob.size);
  for (;;) {
    if (is_present() && use_present(known)) return;
    Staged staged = Staged::open_file(store_, format("{}-{}", layer_.blob.digest.algorithm, layer_.blob.digest.hex),
                                      [&] { show(Progress::State::waiting, 0); });
    if (!is_present()) return transfer(staged);
    ::unlink(staged.path().c_str());  // whoever had it before has brought the blob
  }
}

/// False where the blob is damaged; then it is gone.
bool LayerFetch::use_present(bool known) {
  const std::unique_ptr<Unpacking> unpacking = start_unpacking();
  if (known && !unpacking) {
    show(Progress::State::present, layer_.blob.size);
    return true;
  }
  const sys::Fd blob = store_.open_blob(layer_.blob.digest);
  try {
    Intake intake(stop_, large_window_, layer_, -1, 0, unpacking.get());
    read_extent({blob.get(), 0, layer_.blob.size}, 0, [&](std::string_view bytes) { add(intake, bytes); });
    finish(intake, unpacking.get());
    return true;
  } catch (const Damaged&) {
    // It may be that only its image says something wrong of it.
    Hasher hasher(layer_.blob.digest.algorithm);
    read_extent({blob.get(), 0, layer_.blob.size}, 0, [&](std::string_view bytes) { hasher.add(bytes); });
    if (hasher.finish() == layer_.blob.digest) throw;
    ::unlink(store_.blob_path(layer_.blob.digest).c_str());
    return false;
  }
}

void LayerFetch::transfer(Staged& staged) {
  if (size_of(staged.fd()) > layer_.blob.size) empty(staged.fd());
  const bool goes_on = size_of(staged.fd()) > 0;
  try {
    return attempt(staged);
  } catch (const Damaged&) {
    if (goes_on) empty(staged.fd());  // what was there from an earlier time may be the damaged part
    else ::unlink(staged.path().c_str());
    if (!goes_on) throw;
  }
  attempt(staged);
}

void LayerFetch::attempt(Staged& staged) {
  std::unique_ptr<Unpacking> unpacking = start_unpacking();
  std::optional<Intake> intake;
  const std::uint64_t there = size_of(staged.fd());
  intake.emplace(stop_, large_window_, layer_, staged.fd(), there, unpacking.get());
  read_extent({staged.fd(), 0, there}, 0, [&](std::string_view bytes) { add(*intake, bytes); });
  if (there < layer_.blob.size) read_source(staged, unpacking, intake);
  if (unpacking) show(Progress::State::unpacking, layer_.blob.size);
  intake->finish();
  put_in_place(staged);
  if (unpacking) unpacking->finish();
  show(Progress::State::done, layer_.blob.size);
}

void LayerFetch::read_source(Staged& staged, std::unique_ptr<Unpacking>& unpacking, std::optional<Intake>& intake) {
  const auto restart = [&] {
    intake.reset();
    unpacking.reset();
    empty(staged.fd());
    unpacking = start_unpacking();
    intake.emplace(stop_, large_window_, layer_, staged.fd(), 0, unpacking.get());
  };
  const Resumption begin{intake->size(), validator_of(staged.fd()), [&](const std::string& validator) { remember_validator(staged.fd(), validator); }};
  try {
    source_.read_blob(layer_.blob, begin, restart, [&](std::string_view bytes) { add(*intake, bytes); });
  } catch (...) {
    if (intake) intake->save();
    throw;
  }
}

void LayerFetch::put_in_place(Staged& staged) {
  const std::string path = store_.blob_path(layer_.blob.digest);
  remember_validator(staged.fd(), {});
  if (!is_present()) ::unlink(path.c_str());  // of another size: damaged
  if (!staged.move_to(path)) ::unlink(staged.path().c_str());
}

std::unique_ptr<Unpacking> LayerFetch::start_unpacking() const { return how_.unpack ? how_.unpack(layer_.diff_id) : nullptr; }

void LayerFetch::finish(Intake& intake, Unpacking* unpacking) {
  if (unpacking) show(Progress::State::unpacking, layer_.blob.size);
  intake.finish();
  if (unpacking) unpacking->finish();
  show(Progress::State::done, layer_.blob.size);
}

void LayerFetch::add(Intake& intake, std::string_view bytes) {
  intake.add(bytes);
  show(Progress::State::copying, intake.size());
}

void LayerFetch::show(Progress::State state, std::uint64_t bytes) const {
  if (how_.progress) how_.progress->show(layer_.blob, state, bytes);
}

}  // namespace snug::transport
