// The names of all failure codes. Included by sources that name a code; headers make do with the
// opaque FailureCode of base/failure.h, so that a new code rebuilds only who names codes.
#ifndef MUSTER_BASE_FAILURE_CODE_H_
#define MUSTER_BASE_FAILURE_CODE_H_

namespace muster {

enum class FailureCode : int {
#define MUSTER_FAILURE(name, text, cls, owner, status, remedy) k##name,
#include "base/failure_codes.inc"
#undef MUSTER_FAILURE
};

}  // namespace muster

#endif  // MUSTER_BASE_FAILURE_CODE_H_
