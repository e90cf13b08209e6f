#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "snug/base/json_fwd.hh"
#include "snug/sys/fd.hh"

namespace snug::state {

/// The file in the folder of a container that stays when it has ended, whatever else can be read there.
inline constexpr const char* kept_mark = "kept";

/// The file in there that is locked by whoever reads the container's files.
inline constexpr const char* readers_file = "readers";

/// What a container was made of: STORE/containers/ID/config.json.
struct Record {
  std::string id;                   ///< the name of its folder
  std::string name;                 ///< unique among the living and the kept
  std::int64_t created = 0;         ///< nanoseconds since 1970
  bool kept = false;                ///< stays when it has ended, until `snug rm`
  std::string image, manifest;      ///< what was typed; of an image also the digest of its manifest
  std::string map;                  ///< the name of its id map (image::Store::map_name)
  std::vector<std::string> lowers;  ///< of an overlay: absolute paths, topmost first
  std::string upper;                ///< absolute path; empty where writes are not kept on the disk
  std::string hostname = {};        ///< of the container whose UTS namespace it has; "" where that is its own, or this machine's
  std::shared_ptr<const Json> spec; ///< all that was asked for: config::render_spec; null is nothing
};

/// A process that is never taken for a later one of its number.
struct ProcessMark {
  pid_t pid = 0;
  std::uint64_t start = 0;  ///< clock ticks after boot: /proc/PID/stat
  bool operator==(const ProcessMark&) const = default;
};

/// A namespace of the container, which its monitor holds open: whoever is to enter opens /proc/MONITOR/fd/NUMBER.
struct HeldNamespace {
  std::string kind;         ///< as in /proc/PID/ns
  int number = -1;          ///< the monitor's descriptor
  std::uint64_t inode = 0;  ///< what it must be when it is opened; 0: that cannot be told
  bool operator==(const HeldNamespace&) const = default;
};

/// What those are under who run in a container, by the plan that it was started with.
struct Confinement {
  struct Limit {
    std::string name;  ///< as of --ulimit
    std::uint64_t soft = 0, hard = 0;
    bool operator==(const Limit&) const = default;
  };
  std::string filter;                      ///< of system calls, by its name
  std::string emulation;                   ///< of root with one id: off, static or remembered
  std::vector<std::string> capabilities;   ///< in force, by their names
  std::vector<Limit> limits;               ///< of each process
  bool operator==(const Confinement&) const = default;
};

/// How a container fares: STORE/containers/ID/state.json, written whole by whoever holds its folder.
struct State {
  enum class Phase { created, running, exited, restarting };
  Phase phase = Phase::created;
  std::string boot;            ///< /proc/sys/kernel/random/boot_id
  ProcessMark monitor, init;   ///< pid 1 inside, by its number outside
  std::vector<HeldNamespace> namespaces;
  std::int64_t started = 0, finished = 0;  ///< seconds since 1970
  int code = 0;                ///< once it has ended
  bool lost = false;           ///< nobody saw how it ended: its monitor was killed, or the machine went down
  std::uint64_t out_of_memory = 0;  ///< how many of its processes the kernel ended for want of memory
  unsigned restarts = 0;
  std::string cgroup;          ///< the path of its own; empty: none
  std::string error;           ///< why it could not be started
  std::string hostname;        ///< that it was started with, in a UTS namespace of its own
  unsigned landlock = 0;       ///< the ABI of Landlock that what runs in it is under; 0: it is under none
  std::optional<Confinement> confinement;  ///< nothing where it was not started yet, or by a snug that did not write it down
  bool ending = false;         ///< running, as it is written down: pid 1 has ended, and its monitor has not said so yet
};

/// Writes the record into the container's folder, whole or not at all; the mark of a kept one last. Throws.
void write_record(const std::string& store, const Record& record);

/// The same for a container that is just being made, for which no start waits for the disk: after a power cut it is there as a whole,
/// damaged or not at all, and as a whole for certain once secure_record has been called.
void write_new_record(const std::string& store, const Record& record);
void secure_record(const std::string& store, const std::string& id) noexcept;

/// Puts the container's state in place, whole or not at all. Throws.
void write_state(const std::string& store, const std::string& id, const State& state);

/// Reads how a container fares. One that is written down as running and does not live has exited, and is `lost`. Marks of an earlier
/// boot are left out. Where it cannot be read, a container whose folder is held runs: with a monitor, and no more is known.
[[nodiscard]] State read_state(const std::string& store, const std::string& id);

/// The same, and its monitor, held: nothing where the container does not run.
struct Living {
  State state;
  sys::Fd monitor;
};
[[nodiscard]] Living read_living(const std::string& store, const std::string& id);

/// Reads the record of the container with this id; nothing where there is none that can be read.
[[nodiscard]] std::optional<Record> read_record(const std::string& store, const std::string& id);

/// Calls `visit` with the record of each container, in no order. What list_records says of those that cannot be read holds here too.
void visit_records(const std::string& store, const std::function<void(Record)>& visit, std::vector<std::string>* damaged = nullptr);

/// Lists the records of all containers, the oldest first. What cannot be read is left out; `damaged`, unless it is null, gets the ids
/// that list_damaged gives.
[[nodiscard]] std::vector<Record> list_records(const std::string& store, std::vector<std::string>* damaged = nullptr);

/// Lists the ids of kept containers whose records cannot be read: damaged, or of another version.
[[nodiscard]] std::vector<std::string> list_damaged(const std::string& store);

/// Finds such a one by its id or its name.
[[nodiscard]] std::optional<std::string> find_damaged(const std::string& store, const std::string& typed);

/// Finds a container by its name, or by the first letters of its id. Throws where there is none, or more than one.
[[nodiscard]] Record find_record(const std::string& store, std::string_view typed);

/// The same, or nothing where there is none of that name or id.
[[nodiscard]] std::optional<Record> try_find_record(const std::string& store, std::string_view typed);

/// Whether somebody holds the container's folder: its monitor lives.
[[nodiscard]] bool is_running(const std::string& store, const Record& record);

/// Keeps a container's files from being removed while the descriptor lives, for who reads them. Throws where that has begun already. Where the
/// disk takes no file for it, nothing is kept, and the descriptor is none.
[[nodiscard]] sys::Fd hold_files(const std::string& store, const Record& record);

/// Waits until nobody reads the files of the container's folder `path` any more, and keeps everybody from beginning to for as long as what it
/// gives lives. While somebody reads, `waits` is asked twenty times a second whether to go on; nothing: it said no.
[[nodiscard]] std::optional<sys::Fd> keep_readers_out(const std::string& path, const std::function<bool()>& waits);

/// Takes away what says that the container's folder `path` is one to be kept, and to be read: it is about to be removed.
void drop_record(const std::string& path);

/// Gives the cgroup that is written down in the container's folder `path`; empty where there is none.
[[nodiscard]] std::string cgroup_in(const std::string& path);

/// Gives the path of a container's folder.
[[nodiscard]] std::string folder_of(const std::string& store, const std::string& id);

/// Whether the process lives: nobody else has its number just now.
[[nodiscard]] bool is_alive(const ProcessMark& mark);

/// Has a process that is stopped, as by Ctrl-Z, go on.
void wake(const ProcessMark& mark);

/// Opens the process as a pidfd; empty where it is gone, or another has its number.
[[nodiscard]] sys::Fd open_marked(const ProcessMark& mark);

/// Marks a process that lives, and that nobody reaps meanwhile.
[[nodiscard]] ProcessMark mark_process(pid_t pid);

}  // namespace snug::state
