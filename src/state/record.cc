#include "snug/state/record.hh"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

#include "snug/base/error.hh"
#include "snug/base/json.hh"
#include "snug/base/text.hh"
#include "snug/state/container_folder.hh"
#include "snug/state/holder.hh"
#include "snug/state/names.hh"
#include "snug/sys/file.hh"

namespace snug::state {
namespace {

constexpr unsigned version = 2;

std::string render(const Record& record) {
  return Json{{"version", version}, {"id", record.id}, {"name", record.name}, {"created", record.created},
              {"image", record.image}, {"manifest", record.manifest}, {"map", record.map}, {"lowers", record.lowers}, {"upper", record.upper},
              {"hostname", record.hostname}, {"spec", record.spec ? *record.spec : Json::object()}}
      .dump();
}

// The folder's own name is what counts; a record of a newer snug is none for this one, nor is one whose name nobody could have given.
std::optional<Record> parse(const std::string& id, bool kept, std::string_view text) {
  try {
    const Json json = Json::parse(text);  // nobody else wrote it
    const std::string name = json.at("name");
    if (json.at("version").get<unsigned>() != version || printable(name) != name) return {};
    return Record{.id = id, .name = name, .created = json.at("created"), .kept = kept, .image = json.at("image"),
                  .manifest = json.at("manifest"), .map = json.at("map"), .lowers = json.at("lowers"), .upper = json.at("upper"),
                  .hostname = json.value("hostname", ""), .spec = std::make_shared<const Json>(json.at("spec"))};
  } catch (const std::exception&) {
    return {};
  }
}

// A container whose record cannot be read. One that is just being made, in the foreground, or removed has none.
bool is_damaged(const std::string& store, const std::string& id) {
  const std::string path = folder_of(store, id);
  const sys::Fd folder = sys::try_open(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!folder) return false;
  return is_kept(folder) || (sys::find_status(folder.get(), "config.json") && is_held(path));
}

// After the record: a crash between the two leaves a container that has never run, and that goes.
void mark_kept(const sys::Fd& folder) { static_cast<void>(sys::open(folder.get(), kept_mark, O_WRONLY | O_CREAT | O_NOFOLLOW, 0600)); }

std::vector<std::string> list_ids(const std::string& store) {
  std::vector<std::string> ids;
  const sys::Fd folder = sys::try_open(AT_FDCWD, (store + "/containers").c_str(), O_RDONLY | O_DIRECTORY);
  if (!folder) return ids;
  for (sys::Entry& entry : sys::list_folder(folder.get())) ids.push_back(std::move(entry.name));
  return ids;
}

// Whoever reads a container's files has this locked: the record itself is another file after each change.
std::string readers_of(const std::string& path) { return format("{}/{}", path, readers_file); }

// Where nothing can be written any more, a lock to read can be had of what is there.
sys::Fd open_readers(const std::string& path) {
  sys::Fd file = sys::try_open(AT_FDCWD, readers_of(path).c_str(), O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
  return file ? std::move(file) : sys::try_open(AT_FDCWD, readers_of(path).c_str(), O_RDONLY | O_NOFOLLOW);
}

bool has_record(const std::string& path) { return sys::find_status(AT_FDCWD, (path + "/config.json").c_str()).has_value(); }

}  // namespace

std::string folder_of(const std::string& store, const std::string& id) { return format("{}/containers/{}", store, id); }

void write_record(const std::string& store, const Record& record) {
  // What goes with its monitor does not outlive a power cut, and nor need this.
  if (!record.kept) return write_new_record(store, record);
  const sys::Fd folder = sys::open(AT_FDCWD, folder_of(store, record.id), O_RDONLY | O_DIRECTORY);
  sys::replace_file(folder.get(), "config.json", render(record));
  mark_kept(folder);
}

void write_new_record(const std::string& store, const Record& record) {
  const sys::Fd folder = sys::open(AT_FDCWD, folder_of(store, record.id), O_RDONLY | O_DIRECTORY);
  const sys::Fd file = sys::open(folder.get(), "config.new", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
  int error = sys::write_all(file.get(), render(record));
  if (!error && ::renameat(folder.get(), "config.new", folder.get(), "config.json") != 0) error = errno;
  if (error) throw system_error(format("write the container's record in {}", quoted(folder_of(store, record.id))), error, error == ENOSPC || error == EDQUOT ? "there is no room left for you on that disk" : "");
  if (record.kept) mark_kept(folder);
}

void secure_record(const std::string& store, const std::string& id) noexcept {
  const sys::Fd folder = sys::try_open(AT_FDCWD, folder_of(store, id).c_str(), O_RDONLY | O_DIRECTORY);
  const sys::Fd file = sys::try_open(folder.get(), "config.json", O_RDONLY | O_NOFOLLOW);
  if (file && ::fsync(file.get()) == 0) ::fsync(folder.get());
}

std::optional<Record> read_record(const std::string& store, const std::string& id) {
  const std::string folder = folder_of(store, id);
  const auto text = sys::find_file_text((folder + "/config.json").c_str());
  return text ? parse(id, sys::find_status(AT_FDCWD, format("{}/{}", folder, kept_mark).c_str()).has_value(), *text) : std::nullopt;
}

void visit_records(const std::string& store, const std::function<void(Record)>& visit, std::vector<std::string>* damaged) {
  for (const std::string& id : list_ids(store)) {
    if (auto record = read_record(store, id))
      visit(*std::move(record));
    else if (damaged && is_damaged(store, id))
      damaged->push_back(id);
  }
}

std::vector<Record> list_records(const std::string& store, std::vector<std::string>* damaged) {
  std::vector<Record> records;
  visit_records(store, [&](Record record) { records.push_back(std::move(record)); }, damaged);
  std::stable_sort(records.begin(), records.end(), [](const Record& a, const Record& b) { return a.created < b.created; });
  return records;
}

std::vector<std::string> list_damaged(const std::string& store) {
  std::vector<std::string> damaged;
  static_cast<void>(list_records(store, &damaged));
  return damaged;
}

std::optional<std::string> find_damaged(const std::string& store, const std::string& typed) {
  const std::optional<std::string> named = find_name(store, typed);
  for (std::string& id : list_damaged(store))
    if (id == typed || id == named || (typed.size() >= 4 && id.starts_with(typed))) return std::move(id);
  return {};
}

bool is_running(const std::string& store, const Record& record) {
  const sys::Fd folder = sys::try_open(AT_FDCWD, folder_of(store, record.id).c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  return folder && ::flock(folder.get(), LOCK_EX | LOCK_NB) != 0;
}

sys::Fd hold_files(const std::string& store, const Record& record) {
  const std::string path = folder_of(store, record.id);
  const bool there = has_record(path);  // before a file is made in what is just being removed
  sys::Fd file = there ? open_readers(path) : sys::Fd();
  // On a disk that is full, or read-only, all can be read that nobody could remove meanwhile but by hand.
  const bool held = file ? ::flock(file.get(), LOCK_SH | LOCK_NB) == 0 : there;
  if (!held || !has_record(path)) throw Error(format("the container {} has just ended", quoted(record.name)));
  return file;
}

// Where nobody could make the file nobody has the lock; nor where the file system knows none.
std::optional<sys::Fd> keep_readers_out(const std::string& path, const std::function<bool()>& waits) {
  constexpr timespec moment{0, 50'000'000};
  if (!has_record(path)) return sys::Fd();
  sys::Fd file = open_readers(path);
  if (!file && sys::find_status(AT_FDCWD, readers_of(path).c_str())) throw system_error(format("open {}", quoted(readers_of(path))), errno);
  while (file && ::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) break;
    if (!waits()) return {};
    ::nanosleep(&moment, nullptr);
  }
  return file;
}

void drop_record(const std::string& path) {
  static_cast<void>(::unlink(format("{}/{}", path, kept_mark).c_str()));  // first: a crash leaves what nobody keeps
  static_cast<void>(::unlink((path + "/config.json").c_str()));
}

std::optional<Record> try_find_record(const std::string& store, std::string_view typed) {
  if (typed.empty()) return {};
  if (auto named = find_named(store, std::string(typed))) return named;
  std::vector<Record> records;
  for (const std::string& id : list_ids(store))
    if (id.starts_with(typed))
      if (auto record = read_record(store, id)) records.push_back(*std::move(record));
  if (records.size() > 1) throw Error(format("{} fits {} containers", quoted(typed), records.size()), "type more of the id");
  if (!records.empty()) return std::move(records.front());
  // The folder of names may have lost it.
  for (const std::string& id : list_ids(store))
    if (auto record = read_record(store, id); record && record->name == typed) return record;
  return {};
}

Record find_record(const std::string& store, std::string_view typed) {
  if (auto record = try_find_record(store, typed)) return *std::move(record);
  if (find_damaged(store, std::string(typed)))
    throw Error(format("the record of the container {} cannot be read: it is damaged, or of another version of snug", quoted(typed)),
                format("'snug rm --force {}' ends it and takes it away, with what it wrote", shell_quoted(typed)));
  const std::optional<std::string> nearest = find_nearest_name(store, typed);
  throw Error(format("there is no container {}", quoted(typed)),
              nearest ? format("did you mean {}? 'snug ps --all' lists them", quoted(*nearest)) : "'snug ps --all' lists them");
}

}  // namespace snug::state
