// Who owns a thing of Windows and who may change it: security descriptors, read and made. What
// posix says with an owner and nine bits.
//
//   trusted for Muster's own files are   LocalSystem, Administrators, TrustedInstaller, and the
//                                        account this process runs as
#ifndef MUSTER_BASE_PLATFORM_WINDOWS_ACCESS_H_
#define MUSTER_BASE_PLATFORM_WINDOWS_ACCESS_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/platform/files.h"

namespace muster {

// An account's number, as text: "S-1-5-18".
using SidText = std::string;
using IsTrustedSid = std::function<bool(const SidText& sid)>;

constexpr char kLocalSystemSid[] = "S-1-5-18";
constexpr char kAdministratorsSid[] = "S-1-5-32-544";

// The account that this process, or process `handle`, runs as; empty when it cannot be told.
SidText OwnSid();
SidText SidOfProcess(void* process);
// "S-1-5-18" for "LocalSystem", "NT AUTHORITY\\SYSTEM", a SID itself, ".\\bob", …; empty: no such
// account.
SidText SidOfAccount(const std::string& account);
// "NT AUTHORITY\\SYSTEM (S-1-5-18)".
std::string AccountText(const SidText& sid);
bool IsOurs(const SidText& sid);

struct AccessRight {
  SidText sid;
  uint32_t mask = 0;
};
struct Access {
  SidText owner;
  bool everyone = false;             // There is no list: everybody may do everything.
  std::vector<AccessRight> allowed;  // What holds for the thing itself; what is inherited only not.
};
// Of an open file, directory or process. PermissionDenied, Unavailable.
absl::StatusOr<Access> ReadAccess(void* handle, const std::string& name);

// Rights with which content, name, owner or rights of a file can be changed.
extern const uint32_t kChangesFile;
// Rights with which entries of a directory, or itself, can be replaced by others; adding is none.
extern const uint32_t kReplacesEntries;
// Rights with which entries can be added or replaced.
extern const uint32_t kChangesDirectory;
extern const uint32_t kReadsFile;

// The first account that has one of `rights` and is not trusted. "Everyone" where all have all.
std::optional<SidText> OtherWith(const Access& access, uint32_t rights,
                                 const IsTrustedSid& trusted);

// For LocalSystem and Administrators, and for the account of this process where that is neither;
// with kEveryoneReads others may read. Inherited by what is made inside, and nothing is inherited
// from above. In SDDL, and as what CreateFile and CreateDirectory take.
std::string ClosedAccessText(FileAccess access);
class ClosedAccess {
 public:
  explicit ClosedAccess(FileAccess access);
  ~ClosedAccess();
  ClosedAccess(const ClosedAccess&) = delete;
  ClosedAccess& operator=(const ClosedAccess&) = delete;
  // A SECURITY_ATTRIBUTES; valid as long as this.
  void* attributes() { return attributes_; }

 private:
  void* descriptor_ = nullptr;
  alignas(8) unsigned char attributes_[24] = {};
};

// The command that gives `path` to Administrators and closes it to others.
std::string MendingCommand(const std::string& path);

}  // namespace muster

#endif  // MUSTER_BASE_PLATFORM_WINDOWS_ACCESS_H_
