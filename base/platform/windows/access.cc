#include "base/platform/windows/access.h"

#include <windows.h>
// Behind windows.h, which they need.
#include <aclapi.h>
#include <sddl.h>

#include <array>
#include <cstring>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/platform/windows/handle.h"
#include "base/redact.h"

namespace muster {

const uint32_t kChangesFile = FILE_WRITE_DATA | FILE_APPEND_DATA | FILE_WRITE_EA |
                              FILE_WRITE_ATTRIBUTES | DELETE | WRITE_DAC | WRITE_OWNER |
                              GENERIC_WRITE | GENERIC_ALL;
const uint32_t kReplacesEntries =
    FILE_DELETE_CHILD | DELETE | WRITE_DAC | WRITE_OWNER | GENERIC_ALL;
const uint32_t kChangesDirectory = kReplacesEntries | FILE_ADD_FILE | FILE_ADD_SUBDIRECTORY |
                                   FILE_WRITE_EA | FILE_WRITE_ATTRIBUTES | GENERIC_WRITE;
const uint32_t kReadsFile = FILE_READ_DATA | GENERIC_READ | GENERIC_ALL;

namespace {

constexpr char kTrustedInstallerSid[] =
    "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464";
constexpr char kEveryoneSid[] = "S-1-1-0";

struct FreeLocal {
  void operator()(void* memory) const { LocalFree(memory); }
};

SidText TextOf(PSID sid) {
  LPWSTR text = nullptr;
  if (sid == nullptr || !IsValidSid(sid) || !ConvertSidToStringSidW(sid, &text)) return "";
  const std::unique_ptr<wchar_t, FreeLocal> owned(text);
  return Narrow(text);
}

SidText SidOfToken(HANDLE token) {
  alignas(TOKEN_USER) std::array<unsigned char, 512> buffer{};
  DWORD size = 0;
  if (!GetTokenInformation(token, TokenUser, buffer.data(), buffer.size(), &size)) return "";
  return TextOf(reinterpret_cast<const TOKEN_USER*>(buffer.data())->User.Sid);
}

bool IsAdministrator() {
  SID_IDENTIFIER_AUTHORITY authority = {SECURITY_NT_AUTHORITY};
  PSID group = nullptr;
  if (!AllocateAndInitializeSid(&authority, 2, SECURITY_BUILTIN_DOMAIN_RID, DOMAIN_ALIAS_RID_ADMINS,
                                0, 0, 0, 0, 0, 0, &group)) {
    return false;
  }
  BOOL member = FALSE;
  const bool known = CheckTokenMembership(nullptr, group, &member) != 0;
  FreeSid(group);
  return known && member != 0;
}

}  // namespace

SidText SidOfProcess(void* process) {
  HANDLE raw = nullptr;
  if (!OpenProcessToken(process, TOKEN_QUERY, &raw)) return "";
  const Handle token(raw);
  return SidOfToken(token.get());
}

SidText OwnSid() {
  static const auto* const own = new SidText(SidOfProcess(GetCurrentProcess()));
  return *own;
}

SidText SidOfAccount(const std::string& account) {
  if (account.empty()) return "";
  if (absl::EqualsIgnoreCase(account, "LocalSystem")) return kLocalSystemSid;
  PSID parsed = nullptr;
  if (absl::StartsWithIgnoreCase(account, "S-1-") &&
      ConvertStringSidToSidW(Wide(account).c_str(), &parsed)) {
    const std::unique_ptr<void, FreeLocal> owned(parsed);
    return TextOf(parsed);
  }
  // ".\bob" is bob of this machine.
  const std::wstring name = Wide(absl::StartsWith(account, ".\\") ? account.substr(2) : account);
  alignas(8) std::array<unsigned char, SECURITY_MAX_SID_SIZE> sid{};
  std::array<wchar_t, 256> domain{};
  DWORD sid_size = sid.size();
  DWORD domain_size = domain.size();
  SID_NAME_USE use = SidTypeUnknown;
  if (!LookupAccountNameW(nullptr, name.c_str(), sid.data(), &sid_size, domain.data(), &domain_size,
                          &use)) {
    return "";
  }
  return TextOf(sid.data());
}

std::string AccountText(const SidText& sid) {
  PSID parsed = nullptr;
  if (!ConvertStringSidToSidW(Wide(sid).c_str(), &parsed)) return sid.empty() ? "nobody" : sid;
  const std::unique_ptr<void, FreeLocal> owned(parsed);
  std::array<wchar_t, 256> name{};
  std::array<wchar_t, 256> domain{};
  DWORD name_size = name.size();
  DWORD domain_size = domain.size();
  SID_NAME_USE use = SidTypeUnknown;
  if (!LookupAccountSidW(nullptr, parsed, name.data(), &name_size, domain.data(), &domain_size,
                         &use)) {
    return sid;
  }
  const std::string in = Narrow(domain.data());
  return absl::StrCat(CleanLine(absl::StrCat(in, in.empty() ? "" : "\\", Narrow(name.data()))),
                      " (", sid, ")");
}

bool IsOurs(const SidText& sid) {
  return sid == kLocalSystemSid || sid == kAdministratorsSid || sid == kTrustedInstallerSid ||
         (!sid.empty() && sid == OwnSid());
}

absl::StatusOr<Access> ReadAccess(void* handle, const std::string& name) {
  PSID owner = nullptr;
  PACL list = nullptr;
  PSECURITY_DESCRIPTOR descriptor = nullptr;
  const DWORD error = GetSecurityInfo(handle, SE_FILE_OBJECT,
                                      OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
                                      &owner, nullptr, &list, nullptr, &descriptor);
  if (error != ERROR_SUCCESS) return WindowsError(error, "read the access rights of", name);
  const std::unique_ptr<void, FreeLocal> owned(descriptor);
  Access access;
  access.owner = TextOf(owner);
  access.everyone = list == nullptr;
  for (DWORD i = 0; list != nullptr && i < list->AceCount; ++i) {
    void* entry = nullptr;
    if (!GetAce(list, i, &entry)) continue;
    const auto* const header = static_cast<const ACE_HEADER*>(entry);
    // What denies only takes away; other kinds of allowing begin in the same way or are for
    // directories of domains.
    if (header->AceType != ACCESS_ALLOWED_ACE_TYPE || (header->AceFlags & INHERIT_ONLY_ACE) != 0) {
      continue;
    }
    auto* const allowed = static_cast<ACCESS_ALLOWED_ACE*>(entry);
    access.allowed.push_back({TextOf(&allowed->SidStart), allowed->Mask});
  }
  return access;
}

std::optional<SidText> OtherWith(const Access& access, uint32_t rights,
                                 const IsTrustedSid& trusted) {
  if (access.everyone) return kEveryoneSid;
  for (const AccessRight& right : access.allowed) {
    // OWNER RIGHTS is the owner, who is looked at by itself.
    if (right.sid == "S-1-3-4" || (right.mask & rights) == 0 || trusted(right.sid)) continue;
    return right.sid;
  }
  return std::nullopt;
}

std::string ClosedAccessText(FileAccess access) {
  std::string text = "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)";
  const SidText own = OwnSid();
  if (!own.empty() && own != kLocalSystemSid && !IsAdministrator()) {
    absl::StrAppend(&text, "(A;OICI;FA;;;", own, ")");
  }
  if (access == FileAccess::kEveryoneReads) absl::StrAppend(&text, "(A;OICI;FR;;;BU)");
  return text;
}

ClosedAccess::ClosedAccess(FileAccess access) {
  static_assert(sizeof(SECURITY_ATTRIBUTES) <= sizeof(attributes_));
  SECURITY_ATTRIBUTES attributes{};
  attributes.nLength = sizeof(attributes);
  if (ConvertStringSecurityDescriptorToSecurityDescriptorW(
          Wide(ClosedAccessText(access)).c_str(), SDDL_REVISION_1, &descriptor_, nullptr)) {
    attributes.lpSecurityDescriptor = descriptor_;
  }
  std::memcpy(attributes_, &attributes, sizeof(attributes));
}

ClosedAccess::~ClosedAccess() { LocalFree(descriptor_); }

std::string MendingCommand(const std::string& path) {
  return absl::StrCat("icacls \"", path, "\" /setowner *S-1-5-32-544 && icacls \"", path,
                      "\" /inheritance:r /grant:r *S-1-5-18:F *S-1-5-32-544:F");
}

}  // namespace muster
