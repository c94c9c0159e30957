// Owner and class of a failure as one word each, for findings, pages and tables.
#ifndef MUSTER_BASE_FAILURE_WORDS_H_
#define MUSTER_BASE_FAILURE_WORDS_H_

#include "base/failure.h"

namespace muster {

inline const char* WordOf(FailureOwner owner) {
  switch (owner) {
    case FailureOwner::kCustomer:
      return "customer";
    case FailureOwner::kProvider:
      return "provider";
    case FailureOwner::kVendor:
      return "vendor";
  }
  return "";
}

inline const char* WordOf(FailureClass failure_class) {
  return failure_class == FailureClass::kTransient ? "transient" : "permanent";
}

}  // namespace muster

#endif  // MUSTER_BASE_FAILURE_WORDS_H_
