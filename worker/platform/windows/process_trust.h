// Whose a process is: its account, and the program that it runs.
#ifndef MUSTER_WORKER_PLATFORM_WINDOWS_PROCESS_TRUST_H_
#define MUSTER_WORKER_PLATFORM_WINDOWS_PROCESS_TRUST_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "base/platform/windows/access.h"

namespace muster::worker {

// OK when process `pid` runs as a trusted account and its program is a file that only the trusted
// can change. `what` is what it holds, for the text of E-SERVICE-UNTRUSTED: "what listens at …".
// The kernel (process 4, which listens for services of http.sys) is trusted: only administrators
// can have it listen. Blocks on the disk.
absl::Status CheckTrustedProcess(uint32_t pid, const std::string& what,
                                 const IsTrustedSid& trusted);

}  // namespace muster::worker

#endif  // MUSTER_WORKER_PLATFORM_WINDOWS_PROCESS_TRUST_H_
