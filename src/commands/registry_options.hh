#pragma once

#include <array>

#include "snug/cli/option.hh"

// Options that the commands on registries share.
namespace snug::commands {

inline constexpr cli::Option authfile_option{.name = "authfile", .argument = "FILE", .help = "read and write credentials there", .completer = {cli::Complete::file}};
inline constexpr cli::Option cert_dir_option{.name = "cert-dir", .argument = "FOLDER", .help = "trust the authorities in it as well (*.crt); show the certificate (*.cert, *.key)", .completer = {cli::Complete::folder}};
inline constexpr cli::Option creds_option{.name = "creds", .argument = "NAME:PASSWORD", .help = "use these credentials"};
inline constexpr cli::Option tls_verify_option{.name = "tls-verify", .help = "verify the registry's certificate, as by default; =false: talk to whoever answers"};

/// Those that choose how a registry is talked to; in no container's Spec, which is kept: they are handed to the pull.
inline constexpr std::array connection_options{authfile_option, cert_dir_option, creds_option, tls_verify_option};

}  // namespace snug::commands
