// Evidence packs as whoever sends one to a customer can write them: the check ends, says something,
// and calls nothing genuine that its key has not signed.
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "orchestrator/evidence/pack_check.h"
#include "tests/fuzz/promises.h"

namespace {

// Of no key that anybody has.
constexpr char kNobodysKey[] = "0000000000000000000000000000000000000000000000000000000000000000";

std::string PathOfPack() {
  static const auto* const path = new std::string(absl::StrCat(
      std::filesystem::temp_directory_path().string(), "/muster-fuzz-pack-", getpid()));
  return *path;
}

void RemovePack() {
  std::error_code ignored;
  std::filesystem::remove(PathOfPack(), ignored);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using muster::fuzz::Require;
  static const bool once = std::atexit(RemovePack) == 0;
  Require(once, "the file is taken away");
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  std::ofstream(PathOfPack(), std::ios::binary | std::ios::trunc) << bytes;
  const auto any = muster::evidence::CheckPack(PathOfPack(), {.earlier = PathOfPack()});
  Require(any.ok(), "a file that can be read is judged");
  if (any->good()) Require(!any->remarks.empty(), "that any key was taken is told");
  const auto pinned = muster::evidence::CheckPack(PathOfPack(), {.key = kNobodysKey});
  Require(pinned.ok() && !pinned->good(), "another key's pack is bad");
  for (absl::string_view rest = bytes; !rest.empty();) {
    const absl::string_view line = rest.substr(0, rest.find('\n'));
    const auto event = muster::evidence::ParseEvent(line);
    if (event.ok()) {
      Require(muster::evidence::LineOf(*event) == line, "what is taken is written the same again");
    }
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  }
  return 0;
}
