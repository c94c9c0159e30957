#include "worker/app/runtime.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/thread_strand.h"

namespace muster::worker {

Runtime::Runtime(const RuntimeOptions& options)
    : timers_(SystemClock()), pool_("worker-block", std::max(options.blocking_threads, 1)) {
  for (int i = 0; i < std::max(options.strands, 1); ++i) {
    strands_.push_back(options.make_strand
                           ? options.make_strand(i)
                           : std::make_unique<ThreadStrand>(absl::StrCat("worker-", i)));
  }
}

Runtime::~Runtime() {
  pool_.Stop();  // Its tasks post to the strands.
  strands_.clear();
}

Strand& Runtime::NextStrand() { return *strands_[next_++ % strands_.size()]; }

}  // namespace muster::worker
