#include "orchestrator/cli/connection.h"

#include <filesystem>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/crypto/certificate.h"
#include "base/crypto/key.h"
#include "base/host_port.h"
#include "base/platform/private_file.h"
#include "base/status_macros.h"
#include "orchestrator/cli/contexts.h"
#include "orchestrator/cli/files.h"
#include "orchestrator/cli/operator_files.h"

namespace muster::cli {
namespace {

constexpr size_t kMaxFileBytes = 1 << 20;
constexpr char kHowToGetOne[] =
    "'muster-orchestrator init' writes these files to operator/ in its data directory; copy that "
    "directory here and name it with --operator-dir";

bool Exists(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

absl::StatusOr<std::string> FindOperatorDir(const ConnectionFlags& flags,
                                            const CliEnvironment& environment) {
  if (!flags.operator_dir.empty()) return flags.operator_dir;
  const std::string named = environment.variable("MUSTER_OPERATOR_DIR").value_or("");
  if (!named.empty()) return named;
  std::vector<std::string> tried;
  if (const auto home = environment.variable("HOME"); home.has_value() && !home->empty()) {
    tried.push_back(absl::StrCat(*home, "/.config/muster"));
  }
  tried.emplace_back("/var/lib/muster/operator");
  for (const std::string& directory : tried) {
    if (Exists(std::filesystem::path(directory) / "operator.crt")) return directory;
  }
  return absl::InvalidArgumentError(absl::StrCat("no operator's certificate in ",
                                                 absl::StrJoin(tried, " or "), "; ", kHowToGetOne));
}

// The name of the context that counts; empty when none does.
absl::StatusOr<std::string> ContextToUse(const ConnectionFlags& flags,
                                         const CliEnvironment& environment) {
  const auto is_set = [&environment](const char* name) {
    return !environment.variable(name).value_or("").empty();
  };
  if (!flags.context.empty()) return flags.context;
  if (!flags.operator_dir.empty() || !flags.socket.empty()) return "";
  if (is_set("MUSTER_CONTEXT")) return *environment.variable("MUSTER_CONTEXT");
  if (is_set("MUSTER_SOCKET") || is_set("MUSTER_OPERATOR_DIR")) return "";
  ASSIGN_OR_RETURN(const config::v1::Contexts contexts, ReadContexts(environment));
  return contexts.current();
}

absl::Status CheckAddress(const std::string& address) {
  if (!IsHostPort(address, 1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the address '", address, "' is not HOST:PORT, such as muster.example:8445"));
  }
  return absl::OkStatus();
}

// True also where it cannot be told.
bool KeyFits(const Connection& connection) {
  const auto certificate = crypto::Certificate::FromPem(connection.certificate_pem);
  const auto key = crypto::PrivateKey::FromPem(connection.key_pem);
  return !certificate.ok() || !key.ok() || certificate->public_key() == key->public_key();
}

// gRPC would only say that it cannot connect.
absl::Status CheckFiles(const Connection& connection) {
  const auto damaged = [&](absl::string_view name, absl::string_view why) {
    return absl::InvalidArgumentError(
        absl::StrCat(connection.operator_dir, "/", name, " ", why, "; ", kHowToGetOne));
  };
  if (!crypto::Certificate::BundleFromPem(connection.ca_pem).ok()) {
    return damaged("ca.crt", "holds no certificate");
  }
  const auto certificate = crypto::Certificate::FromPem(connection.certificate_pem);
  if (!certificate.ok()) return damaged("operator.crt", "holds no certificate");
  const auto key = crypto::PrivateKey::FromPem(connection.key_pem);
  if (!key.ok()) return damaged("operator.key", "holds no private key");
  if (!(certificate->public_key() == key->public_key())) {
    return damaged("operator.key", "does not belong to operator.crt");
  }
  return absl::OkStatus();
}

}  // namespace

std::string NameOf(const Connection& connection) {
  return connection.context.empty()
             ? connection.address
             : absl::StrCat(connection.address, " (context ", connection.context, ")");
}

absl::StatusOr<Connection> ResolveConnection(const ConnectionFlags& given,
                                             const CliEnvironment& environment) {
  Connection out;
  ConnectionFlags flags = given;
  ASSIGN_OR_RETURN(out.context, ContextToUse(given, environment));
  if (!out.context.empty()) {
    ASSIGN_OR_RETURN(const config::v1::Context context, FindContext(out.context, environment));
    if (flags.operator_dir.empty() && flags.socket.empty()) {
      flags.operator_dir = context.operator_dir();
      if (flags.address.empty()) {
        flags.address = context.address();
        flags.socket = context.socket();
      }
    }
  }
  std::string socket = flags.socket;
  if (socket.empty() && flags.operator_dir.empty() && flags.address.empty()) {
    socket = environment.variable("MUSTER_SOCKET").value_or("");
  }
  if (!socket.empty()) {
    if (!Exists(socket)) {
      return absl::UnavailableError(absl::StrCat(
          "there is no socket ", socket, "; check that muster-orchestrator runs on this machine"));
    }
    out.address = absl::StrCat("unix:", socket);
    out.local = true;
    return out;
  }
  ASSIGN_OR_RETURN(out.operator_dir, FindOperatorDir(flags, environment));
  const auto read = [&](const char* name) -> absl::StatusOr<std::string> {
    auto content =
        ReadFile((std::filesystem::path(out.operator_dir) / name).string(), kMaxFileBytes);
    if (content.ok() && !absl::StripAsciiWhitespace(*content).empty()) return content;
    return absl::InvalidArgumentError(
        absl::StrCat(content.ok() ? absl::StrCat(out.operator_dir, "/", name, " is empty")
                                  : std::string(content.status().message()),
                     "; ", kHowToGetOne));
  };
  ASSIGN_OR_RETURN(out.ca_pem, read("ca.crt"));
  ASSIGN_OR_RETURN(out.certificate_pem, read("operator.crt"));
  ASSIGN_OR_RETURN(std::string key, read("operator.key"));
  out.key_pem = Secret::Take(std::move(key));
  // As ssh does: a key that others can read is theirs, too.
  const absl::Status alone =
      CheckUnreachableByOthers((std::filesystem::path(out.operator_dir) / "operator.key").string());
  if (!alone.ok()) return absl::InvalidArgumentError(alone.message());
  if (flags.address.empty()) {
    ASSIGN_OR_RETURN(const std::string address, read("address"));
    out.address = std::string(absl::StripAsciiWhitespace(address));
  } else {
    out.address = flags.address;
  }
  RETURN_IF_ERROR(CheckAddress(out.address));
  if (!KeyFits(out) && FinishNewKey(out.operator_dir)) {
    ASSIGN_OR_RETURN(out.certificate_pem, read("operator.crt"));
  }
  RETURN_IF_ERROR(CheckFiles(out));
  return out;
}

}  // namespace muster::cli
