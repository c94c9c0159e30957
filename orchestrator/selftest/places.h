// Where secrets are looked for on a Linux machine: files, the process list, environments, memory.
#ifndef MUSTER_ORCHESTRATOR_SELFTEST_PLACES_H_
#define MUSTER_ORCHESTRATOR_SELFTEST_PLACES_H_

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <thread>

#include "base/mutex.h"
#include "base/timed_flag.h"
#include "orchestrator/selftest/secret_search.h"

namespace muster::selftest {

// A row of the table.
struct Place {
  std::string name;
  std::string looked_at;  // "12 files, 3.1 MiB".
  std::set<Trace> found;
  bool looked = true;   // False: the system does not let us.
  bool failed = false;  // Nothing was there to be looked at, where something must be.
};

// Every plain file below `folder` whose path `wanted` takes; none at all is a failure. Blocks on
// the disk.
Place LookAtFiles(const std::string& name, const std::string& folder,
                  const std::function<bool(const std::string& path)>& wanted,
                  const SecretSearch& search);

// The memory that the process can write, while it runs.
Place LookAtMemory(const std::string& name, pid_t pid, const SecretSearch& search);

// Looks at arguments and environments of all processes of the machine, again and again, from Start
// to Stop; it may be started again.
class ProcessWatch {
 public:
  explicit ProcessWatch(const SecretSearch& search) : search_(search) {}
  ~ProcessWatch() { Stop(); }
  void Start();
  void Stop();
  Place arguments();
  Place environments();

 private:
  void Run();
  void LookOnce();

  const SecretSearch& search_;
  TimedFlag stop_;
  std::thread thread_;
  Mutex mu_;
  int64_t looks_ ABSL_GUARDED_BY(mu_) = 0;
  std::set<pid_t> processes_ ABSL_GUARDED_BY(mu_);
  std::set<pid_t> readable_ ABSL_GUARDED_BY(mu_);
  std::set<Trace> in_arguments_ ABSL_GUARDED_BY(mu_);
  std::set<Trace> in_environments_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster::selftest

#endif  // MUSTER_ORCHESTRATOR_SELFTEST_PLACES_H_
