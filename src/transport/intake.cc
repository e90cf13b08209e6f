#include "intake.hh"

#include <fcntl.h>

#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::transport {

Intake::Intake(std::stop_token stop, Slot& large_window, const Layer& layer, int file, std::uint64_t written, Unpacking* unpacking)
    : layer_(layer), file_(file), written_(written), unpacking_(unpacking), crew_(std::move(stop)), blob_hash_(layer.blob.digest.algorithm),
      plain_hash_(layer.diff_id.algorithm), gatherer_([this](const Piece& piece) { distribute(piece); }) {
  const bool inflates = layer_.compression != image::Compression::none;
  if (unpacking_) {
    pipe_.emplace(crew_, unpacking_->input());
    pipe_stage_.emplace(crew_, [this](const Piece& piece) { unpack(piece); });
  }
  // What is not compressed has one digest, unless it is named by two kinds.
  if (inflates || layer_.diff_id.algorithm != layer_.blob.digest.algorithm)
    plain_stage_.emplace(crew_, [this](const Piece& piece) { plain_hash_.add(piece->view()); });
  keep_stage_.emplace(crew_, [this](const Piece& piece) { keep(piece); });
  if (!inflates) return;
  inflater_.emplace(layer_.compression, [this](const Piece& piece) { give_plain(piece); },
                    [this, &large_window] { window_ = large_window.take(crew_.token()); });
  inflate_stage_.emplace(crew_, [this](const Piece& piece) { inflater_->add(piece->view()); });
}

void Intake::add(std::string_view bytes) {
  size_ += bytes.size();
  if (size_ > layer_.blob.size) throw Damaged(format("it has more than the {} bytes that it should have", layer_.blob.size));
  try {
    gatherer_.add(bytes);
  } catch (const Stopped&) {
    crew_.rethrow();
    throw;
  }
}

void Intake::finish() {
  if (size_ != layer_.blob.size) throw Damaged(format("it ends after {} of {} bytes", size_, layer_.blob.size));
  try {
    finish_stages();
  } catch (const Stopped&) {
    crew_.rethrow();
    throw;
  }
}

void Intake::save() noexcept {
  try {
    gatherer_.flush();
    keep_stage_->finish();
  } catch (...) {  // why it ends is known already
  }
}

void Intake::finish_stages() {
  gatherer_.flush();
  keep_stage_->finish();
  check_blob();
  if (inflate_stage_) {
    inflate_stage_->finish();
    inflater_->finish();
  }
  if (plain_stage_) plain_stage_->finish();
  check_plain();
  if (!pipe_stage_) return;
  pipe_stage_->finish();
  end_archive();
}

// Some writers of layers end with the last file's last byte, without the padding and the end mark of a tar archive. The digests
// vouch for all there is, so what is missing is added; where nothing was, a reader stops before it.
void Intake::end_archive() {
  constexpr std::size_t block = 512;
  if (unpacked_ == 0) return;
  const std::string zeros((block - unpacked_ % block) % block + 2 * block, '\0');
  static_cast<void>(pipe_->write(zeros));
}

void Intake::distribute(const Piece& piece) {
  keep_stage_->put(piece);
  if (inflate_stage_) inflate_stage_->put(piece);
  else give_plain(piece);
}

void Intake::keep(const Piece& piece) {
  const std::string_view bytes = piece->view();
  blob_hash_.add(bytes);
  const std::uint64_t begin = kept_;
  kept_ += bytes.size();
  if (file_ < 0 || kept_ <= written_) return;
  const std::uint64_t skip = written_ > begin ? written_ - begin : 0;
  if (const int error = sys::write_all_at(file_, bytes.substr(skip), static_cast<std::int64_t>(begin + skip)))
    throw system_error("write into the store", error);
  start_writing();
}

// fsync(2) comes at the end, and would find all of it still to be written.
void Intake::start_writing() {
  constexpr std::uint64_t stretch = 8U << 20U;
  if (kept_ - started_ < stretch) return;
  ::sync_file_range(file_, static_cast<off_t>(started_), static_cast<off_t>(kept_ - started_), SYNC_FILE_RANGE_WRITE);
  started_ = kept_;
}

void Intake::give_plain(const Piece& piece) {
  if (plain_stage_) plain_stage_->put(piece);
  if (pipe_stage_) pipe_stage_->put(piece);
}

void Intake::unpack(const Piece& piece) {
  unpacked_ += piece->view().size();
  if (!pipe_->write(piece->view())) unpacking_->fail();
}

void Intake::check_blob() {
  const image::Digest found = blob_hash_.finish();
  if (found != layer_.blob.digest) throw Damaged(format("its digest is {}", found.text()));
  if (!plain_stage_ && found != layer_.diff_id) throw Damaged(format("its configuration says that its digest is {}", layer_.diff_id.text()));
}

void Intake::check_plain() {
  if (!plain_stage_) return;
  const image::Digest found = plain_hash_.finish();
  if (found != layer_.diff_id)
    throw Damaged(format("unpacked its digest is {}, and its configuration says {}", found.text(), layer_.diff_id.text()));
}

}  // namespace snug::transport
