#include "worker/platform/machine.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/crypto/digest.h"
#include "base/platform/files.h"
#include "base/platform/private_file.h"
#include "worker/platform/clean_facts.h"

namespace muster::worker {
namespace {

// PRETTY_NAME of /etc/os-release.
std::string OsName() {
  const absl::StatusOr<std::string> text = ReadWholeFile("/etc/os-release", 64 << 10);
  if (!text.ok()) return "";
  for (absl::string_view line : absl::StrSplit(*text, '\n')) {
    if (!absl::ConsumePrefix(&line, "PRETTY_NAME=")) continue;
    line = absl::StripAsciiWhitespace(line);
    absl::ConsumePrefix(&line, "\"");
    absl::ConsumeSuffix(&line, "\"");
    return std::string(line);
  }
  return "";
}

}  // namespace

types::v1::MachineFacts ReadMachineFacts() {
  types::v1::MachineFacts facts;
  std::array<char, 256> name = {};
  if (gethostname(name.data(), name.size() - 1) == 0) facts.set_machine_name(name.data());
  facts.set_os("linux");
  facts.set_os_version(OsName());
  utsname system;
  if (uname(&system) == 0) facts.set_architecture(system.machine);
  facts.set_worker_version(MUSTER_VERSION);
  if (const auto id = ReadWholeFile("/etc/machine-id", 4096); id.ok()) {
    const absl::string_view text = absl::StripAsciiWhitespace(*id);
    if (!text.empty()) facts.set_machine_id_hash(crypto::Sha256Hex(text));
  }
  return CleanFacts(std::move(facts));
}

std::string ReadBootHash() {
  const auto id = ReadWholeFile("/proc/sys/kernel/random/boot_id", 4096);
  const absl::string_view text = id.ok() ? absl::StripAsciiWhitespace(*id) : "";
  return text.empty() ? "" : crypto::Sha256Hex(text);
}

std::string DefaultDataDirectory() { return "/var/lib/muster-worker"; }
std::string DefaultAppDataFolder() { return "/usr/share/certify"; }
std::string DefaultCliPath() { return ""; }
std::string DefaultServiceUnit() { return "certify-agent.service"; }
bool ServiceWantsNegotiate() { return false; }

std::string LockDirectory(const std::string& fallback) {
  // Not /run/lock: there anybody may make the file first, and hold it.
  constexpr char kOurs[] = "/run/muster-worker";
  const bool usable = MakePrivateDirectory(kOurs).ok() && CheckOursAlone(kOurs).ok() &&
                      access(kOurs, W_OK | X_OK) == 0;
  return usable ? kOurs : fallback;
}

}  // namespace muster::worker
