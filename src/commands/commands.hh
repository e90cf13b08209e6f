#pragma once

#include "snug/cli/command.hh"

namespace snug::commands {

extern const cli::Command attach_command;
extern const cli::Command bootstrap_command;
extern const cli::Command commit_command;
extern const cli::Command completion_command;
extern const cli::Command cp_command;
extern const cli::Command create_command;
extern const cli::Command debug_command;
extern const cli::Command df_command;
extern const cli::Command diff_command;
extern const cli::Command doctor_command;
extern const cli::Command enter_command;
extern const cli::Command exec_command;
extern const cli::Command export_command;
extern const cli::Command gc_command;
extern const cli::Command help_command;
extern const cli::Command history_command;
extern const cli::Command images_command;
extern const cli::Command import_command;
extern const cli::Command inspect_command;
extern const cli::Command kill_command;
extern const cli::Command load_command;
extern const cli::Command login_command;
extern const cli::Command logout_command;
extern const cli::Command logs_command;
extern const cli::Command network_command;
extern const cli::Command pause_command;
extern const cli::Command plan_command;
extern const cli::Command port_command;
extern const cli::Command prune_command;
extern const cli::Command ps_command;
extern const cli::Command pull_command;
extern const cli::Command push_command;
extern const cli::Command rename_command;
extern const cli::Command restart_command;
extern const cli::Command rm_command;
extern const cli::Command rmi_command;
extern const cli::Command run_command;
extern const cli::Command save_command;
extern const cli::Command start_command;
extern const cli::Command stats_command;
extern const cli::Command stop_command;
extern const cli::Command tag_command;
extern const cli::Command top_command;
extern const cli::Command tour_command;
extern const cli::Command unpause_command;
extern const cli::Command update_command;
extern const cli::Command version_command;
extern const cli::Command wait_command;
extern const cli::Command walls_command;

}  // namespace snug::commands
