#include <array>
#include <cstdint>

#include "commands.hh"
#include "making.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/output.hh"
#include "planning.hh"
#include "run_options.hh"
#include "settings.hh"
#include "snug/explain/plan.hh"
#include "verify.hh"

namespace snug::commands {
namespace {

constexpr std::array options{
    making_options[0],
    making_options[1],
    cli::Option{.name = "json", .help = "print JSON"},
    cli::Option{.name = "sh", .help = "print a shell script that builds the same without snug"},
    cli::Option{.name = "verbose", .help = "as with run; a plan tells of each step in any case"},
    cli::Option{.name = "verify", .help = "start it under a tracer, and hold what is done against the plan"},
};

std::string tell_unpacking(const Planned& planned) {
  const plan::Rootfs& rootfs = planned.spec.rootfs;
  if (rootfs.kind == plan::Rootfs::Kind::archive) return "the archive is unpacked, in walls of its own";
  const char* layers = rootfs.kind == plan::Rootfs::Kind::image ? ", layer by layer," : "";
  return format("{} is copied{} into a folder of the container's own in {}, which takes time and room, and goes away with it. One program packs, and\n"
                "another unpacks, each in walls of its own; this is the second",
                quoted(rootfs.given), layers, quoted(planned.facts.store));
}

std::string render(const Planned& planned, const cli::Arguments& arguments) {
  const plan::Plan* unpack = planned.unpack ? &*planned.unpack : nullptr;
  if (arguments.flag("json")) return explain::render_plan_json(planned.plan, unpack);
  if (!arguments.flag("sh")) return explain::render_plan(planned.plan, unpack, unpack ? tell_unpacking(planned) : "");
  if (planned.spec.rootfs.kind == plan::Rootfs::Kind::archive) throw Error("--sh: no script of the usual programs unpacks an archive as snug does", "unpack it into a folder, or 'snug import' it");
  if (planned.spec.storage == plan::StorageDriver::copy || planned.spec.storage == plan::StorageDriver::fuse_overlayfs)
    throw Error("--sh: no script of the usual programs makes a root without the kernel's overlays", "copy it with cp(1), and use the copy with --rw");
  return explain::render_script(planned.plan, planned.facts.store);
}

int show(const cli::Invocation& invocation) {
  const cli::Arguments& arguments = invocation.arguments;
  if (arguments.flag("json") + arguments.flag("sh") + arguments.flag("verify") > 1)
    throw UsageError("--json, --sh and --verify are three ways to look at one plan", "one at a time");
  if (arguments.flag("verify")) return verify_plan(invocation);
  plan::Spec spec = read_spec(invocation);
  check_foreground(spec);
  std::vector<std::string> terms = making_terms(invocation, spec);
  Planned planned = plan_container(std::move(spec), invocation, Purpose::show, false);
  planned.plan.terms.insert(planned.plan.terms.end(), terms.begin(), terms.end());
  print(render(planned, arguments));
  return 0;
}

}  // namespace

constinit const cli::Command plan_command{
    .name = "plan",
    .summary = "print what run would do, step by step, without doing it",
    .operands = "[ROOTFS [COMMAND [ARG...]]]",
    .description = "Takes the words of 'snug run' and prints each step in order: the system calls with their\n"
                   "arguments, why the step is there, and where to read on. It is the same plan that run executes.",
    .options = options,
    .shared = &run_option_set,
    .stop_at_operand = true,
    .max_operands = SIZE_MAX,
    .completer = {cli::Complete::rootfs},
    .further = cli::Completer{cli::Complete::file},
    .function = show};

}  // namespace snug::commands
