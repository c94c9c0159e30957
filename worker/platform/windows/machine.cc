#include "worker/platform/machine.h"

#include <windows.h>
// Behind windows.h, which it needs.
#include <shlobj.h>

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/crypto/digest.h"
#include "base/platform/files.h"
#include "base/platform/private_file.h"
#include "base/platform/windows/handle.h"
#include "worker/platform/clean_facts.h"

namespace muster::worker {
namespace {

constexpr char kVersionKey[] = "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion";
constexpr uint32_t kFirstBuildOf11 = 22000;

std::string RegistryText(const char* key, const char* name) {
  std::array<wchar_t, 512> text{};
  DWORD size = sizeof(text) - sizeof(wchar_t);
  const LSTATUS status =
      RegGetValueW(HKEY_LOCAL_MACHINE, Wide(key).c_str(), Wide(name).c_str(),
                   RRF_RT_REG_SZ | RRF_SUBKEY_WOW6464KEY, nullptr, text.data(), &size);
  return status == ERROR_SUCCESS ? Narrow(text.data()) : "";
}

uint32_t RegistryNumber(const char* key, const char* name) {
  DWORD number = 0;
  DWORD size = sizeof(number);
  const LSTATUS status =
      RegGetValueW(HKEY_LOCAL_MACHINE, Wide(key).c_str(), Wide(name).c_str(),
                   RRF_RT_REG_DWORD | RRF_SUBKEY_WOW6464KEY, nullptr, &number, &size);
  return status == ERROR_SUCCESS ? number : 0;
}

// "Windows Server 2022 Standard 21H2 (20348.2402)".
std::string OsName() {
  std::string name = RegistryText(kVersionKey, "ProductName");
  const std::string build = RegistryText(kVersionKey, "CurrentBuildNumber");
  uint32_t number = 0;
  for (const char digit : build) number = number * 10 + static_cast<uint32_t>(digit - '0');
  // Windows 11 calls itself 10 here.
  if (number >= kFirstBuildOf11 && absl::StartsWith(name, "Windows 10")) {
    name.replace(0, 10, "Windows 11");
  }
  const std::string release = RegistryText(kVersionKey, "DisplayVersion");
  if (!release.empty()) absl::StrAppend(&name, " ", release);
  if (!build.empty()) {
    absl::StrAppend(&name, " (", build, ".", RegistryNumber(kVersionKey, "UBR"), ")");
  }
  return name;
}

std::string HostName() {
  std::array<wchar_t, 256> name{};
  DWORD size = name.size();
  if (!GetComputerNameExW(ComputerNameDnsHostname, name.data(), &size) || size == 0) {
    size = name.size();
    if (!GetComputerNameExW(ComputerNameNetBIOS, name.data(), &size)) return "";
  }
  return Narrow(name.data());
}

std::string Architecture() {
  SYSTEM_INFO info{};
  GetNativeSystemInfo(&info);
  switch (info.wProcessorArchitecture) {
    case PROCESSOR_ARCHITECTURE_AMD64:
      return "x86_64";
    case PROCESSOR_ARCHITECTURE_ARM64:
      return "aarch64";
    default:
      return absl::StrCat("architecture ", info.wProcessorArchitecture);
  }
}

// Not by a variable of the environment, which whoever starts the worker can set. `otherwise` where
// the system does not say.
std::string KnownFolder(const KNOWNFOLDERID& id, const char* otherwise) {
  PWSTR path = nullptr;
  std::string text = otherwise;
  if (SUCCEEDED(SHGetKnownFolderPath(id, 0, nullptr, &path)) && path != nullptr && *path != L'\0') {
    text = Narrow(path);
  }
  CoTaskMemFree(path);
  std::replace(text.begin(), text.end(), '\\', '/');
  return text;
}

std::string ProgramData() { return KnownFolder(FOLDERID_ProgramData, "C:/ProgramData"); }

}  // namespace

types::v1::MachineFacts ReadMachineFacts() {
  types::v1::MachineFacts facts;
  facts.set_machine_name(HostName());
  facts.set_os("windows");
  facts.set_os_version(OsName());
  facts.set_architecture(Architecture());
  facts.set_worker_version(MUSTER_VERSION);
  const std::string id = RegistryText("SOFTWARE\\Microsoft\\Cryptography", "MachineGuid");
  if (!id.empty()) facts.set_machine_id_hash(crypto::Sha256Hex(id));
  return CleanFacts(std::move(facts));
}

// Windows names no run.
std::string ReadBootHash() { return ""; }

std::string DefaultDataDirectory() { return ProgramData() + "/Muster"; }
std::string DefaultAppDataFolder() { return ProgramData() + "/certify"; }
std::string DefaultCliPath() {
  return KnownFolder(FOLDERID_ProgramFiles, "C:/Program Files") + "/CertifyTheWeb/certify.exe";
}
std::string DefaultServiceUnit() { return "Certify.Service"; }
bool ServiceWantsNegotiate() { return true; }

std::string LockDirectory(const std::string& fallback) {
  const std::string ours = ProgramData() + "/Muster/locks";
  return MakePrivateDirectory(ours).ok() && CheckOursAlone(ours).ok() ? ours : fallback;
}

}  // namespace muster::worker
