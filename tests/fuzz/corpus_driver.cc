// Runs a fuzz target without libFuzzer: every file of the corpus folders, each file cut off at many
// places, and mutations of each with bytes and words that parsers stumble over. The seed is fixed:
// a failure repeats.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/random.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace muster {
namespace {

constexpr int kMutationsPerFile = 400;
constexpr int kMaxCuts = 200;

constexpr const char* kWords[] = {"\"",      "\\",   "{",    "}",     "[",    "]",
                                  ",",       ":",    "\n",   "\r\n",  "null", "-",
                                  "1e99",    "\xff", "\t",   "&a *a", "'",    "=",
                                  "\\ud800", "<<",   "true", " ",     "|",    "\xef\xbb\xbf"};

void Run(const std::string& input) {
  // A copy of exact size on the heap lets the address sanitizer see a read beyond the end.
  const std::vector<uint8_t> bytes(input.begin(), input.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

class Mutator {
 public:
  std::string Mutate(std::string text) {
    for (size_t changes = 1 + Below(4); changes > 0; --changes) {
      const size_t at = text.empty() ? 0 : Below(text.size());
      switch (Below(5)) {
        case 0:
          text.insert(at, kWords[Below(std::size(kWords))]);
          break;
        case 1:
          text.erase(at, 1 + Below(16));
          break;
        case 2:
          if (!text.empty()) text[at] = static_cast<char>(Below(256));
          break;
        case 3:
          text.insert(at, text.substr(at, Below(64)));
          break;
        default:
          text.insert(at, std::string(Below(64), text.empty() ? '[' : text[at]));
          break;
      }
    }
    return text;
  }

 private:
  size_t Below(size_t limit) {
    return static_cast<size_t>(random_.Fraction() * static_cast<double>(limit));
  }
  SeededRandom random_{20260718};
};

int RunFolder(const std::filesystem::path& folder) {
  int runs = 0;
  Mutator mutator;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const std::filesystem::path& file : files) {
    std::ifstream in(file, std::ios::binary);
    const std::string seed{std::istreambuf_iterator<char>(in), {}};
    Run(seed);
    const size_t step = seed.size() / kMaxCuts + 1;
    for (size_t cut = 0; cut < seed.size(); cut += step, ++runs) Run(seed.substr(0, cut));
    for (int i = 0; i < kMutationsPerFile; ++i, ++runs) Run(mutator.Mutate(seed));
  }
  return runs;
}

}  // namespace
}  // namespace muster

int main(int argc, char** argv) {
  int runs = 0;
  for (int i = 1; i < argc; ++i) runs += muster::RunFolder(argv[i]);
  std::printf("%d inputs\n", runs);
  return runs > 0 ? 0 : 1;  // An empty corpus tests nothing.
}
