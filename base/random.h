// Randomness as a parameter: real bytes in the programs, a seeded sequence in tests and in the
// simulation.
#ifndef MUSTER_BASE_RANDOM_H_
#define MUSTER_BASE_RANDOM_H_

#include <cstdint>
#include <span>
#include <string>

#include "absl/strings/string_view.h"

namespace muster {

// A source of random bytes. Thread-safe in every implementation.
class Random {
 public:
  virtual ~Random() = default;
  virtual void Bytes(std::span<uint8_t> out) = 0;

  // Uniform in [0, 1).
  double Fraction();
  // `length` characters of lower-case base32 (RFC 4648 alphabet, 5 bits each); used in ids and
  // tokens.
  std::string Base32(size_t length);
};

// The operating system's generator (getrandom or its like); fit for keys. Ends the process if the
// system has none.
Random& SystemRandom();

// A repeatable sequence for tests and the simulation. Never for keys.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(uint64_t seed) : state_(seed) {}
  void Bytes(std::span<uint8_t> out) override;

 private:
  uint64_t Next();
  uint64_t state_;  // Used from one thread at a time: the simulation has only one.
};

}  // namespace muster

#endif  // MUSTER_BASE_RANDOM_H_
