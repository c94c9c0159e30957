// Protections that a build for tests can do without, so that the attacks which they stop are seen
// to find their loss (docs/decisions/protections-off.md). Two sources, one of which is linked:
//
//   protection.cc          what is shipped: nothing turns one off, no environment is read
//   protection_levers.cc   MUSTER_TEST_LEVERS=ON: MUSTER_TEST_WITHOUT names those to do without
#ifndef MUSTER_BASE_PROTECTION_H_
#define MUSTER_BASE_PROTECTION_H_

namespace muster {

enum class Protection {
  kRedaction,     // "redaction": what a service answers is kept without secrets.
  kTenantsWall,   // "tenants-wall": an operator who is bound to tenants sees these alone.
  kServiceTrust,  // "service-trust": the joining key goes to a proven loopback listener alone.
};

// Whether this process does without it. The same answer for the life of the process. Thread-safe.
bool IsTurnedOff(Protection protection);

}  // namespace muster

#endif  // MUSTER_BASE_PROTECTION_H_
