#include "base/random.h"

#include <cstdlib>
#include <cstring>
#include <random>

namespace muster {
namespace {

// std::random_device reads the operating system's generator on every platform we ship for.
class OsRandom final : public Random {
 public:
  void Bytes(std::span<uint8_t> out) override {
    std::random_device device;
    size_t done = 0;
    while (done < out.size()) {
      const uint32_t word = device();
      const size_t take = std::min(sizeof(word), out.size() - done);
      std::memcpy(out.data() + done, &word, take);
      done += take;
    }
  }
};

}  // namespace

double Random::Fraction() {
  uint64_t word = 0;
  Bytes(std::span<uint8_t>(reinterpret_cast<uint8_t*>(&word), sizeof(word)));
  return static_cast<double>(word >> 11) * 0x1.0p-53;
}

std::string Random::Base32(size_t length) {
  static constexpr char kAlphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
  std::string out(length, '\0');
  Bytes(std::span<uint8_t>(reinterpret_cast<uint8_t*>(out.data()), out.size()));
  for (char& c : out) c = kAlphabet[static_cast<uint8_t>(c) & 31];
  return out;
}

Random& SystemRandom() {
  static OsRandom* const random = new OsRandom;
  return *random;
}

// SplitMix64 (Steele, Lea, Flood 2014).
uint64_t SeededRandom::Next() {
  uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

void SeededRandom::Bytes(std::span<uint8_t> out) {
  size_t done = 0;
  while (done < out.size()) {
    const uint64_t word = Next();
    const size_t take = std::min(sizeof(word), out.size() - done);
    std::memcpy(out.data() + done, &word, take);
    done += take;
  }
}

}  // namespace muster
