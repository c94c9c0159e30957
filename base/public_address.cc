#include "base/public_address.h"

#include <array>
#include <cstdint>

namespace muster {
namespace {

struct Net4 {
  uint32_t address;
  int bits;
};
// RFC 6890 and what came after it: all that is not globally reachable.
constexpr Net4 kNotPublic4[] = {
    {0x00000000, 8},   // this network
    {0x0A000000, 8},   // private
    {0x64400000, 10},  // shared (carrier-grade NAT)
    {0x7F000000, 8},   // loopback
    {0xA9FE0000, 16},  // link-local, cloud metadata
    {0xAC100000, 12},  // private
    {0xC0000000, 24},  // protocol assignments
    {0xC0000200, 24},  // documentation
    {0xC0586300, 24},  // 6to4 relays
    {0xC0A80000, 16},  // private
    {0xC6120000, 15},  // benchmarks
    {0xC6336400, 24},  // documentation
    {0xCB007100, 24},  // documentation
    {0xE0000000, 4},   // multicast
    {0xF0000000, 4},   // reserved, broadcast
};

uint32_t Word(absl::string_view bytes, size_t at) {
  uint32_t word = 0;
  for (size_t i = at; i < at + 4; ++i) word = word << 8 | static_cast<unsigned char>(bytes[i]);
  return word;
}

bool IsPublic4(uint32_t address) {
  for (const Net4& net : kNotPublic4) {
    if ((address ^ net.address) >> (32 - net.bits) == 0) return false;
  }
  return true;
}

bool IsPublic6(absl::string_view bytes) {
  const std::array<uint32_t, 4> words = {Word(bytes, 0), Word(bytes, 4), Word(bytes, 8),
                                         Word(bytes, 12)};
  const bool begins_with_zeros = words[0] == 0 && words[1] == 0;
  if (begins_with_zeros && words[2] == 0x0000FFFF) return IsPublic4(words[3]);  // ::ffff:1.2.3.4
  if (words[0] == 0x0064FF9B && words[1] == 0 && words[2] == 0)
    return IsPublic4(words[3]);                        // NAT64
  if (words[0] >> 29 != 1) return false;               // Global unicast is 2000::/3.
  if (words[0] >> 9 == 0x20010000 >> 9) return false;  // 2001::/23: Teredo, ORCHID and their like
  if (words[0] == 0x20010DB8) return false;            // documentation
  if (words[0] >> 12 == 0x3FFF0) return false;         // documentation, 3fff::/20
  if (words[0] >> 16 == 0x2002) {                      // 6to4 holds an IPv4 address
    return IsPublic4(words[0] << 16 | words[1] >> 16);
  }
  return true;
}

}  // namespace

bool IsPublicAddress(absl::string_view bytes) {
  if (bytes.size() == 4) return IsPublic4(Word(bytes, 0));
  return bytes.size() == 16 && IsPublic6(bytes);
}

}  // namespace muster
