#include "orchestrator/selftest/places.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "base/platform/files.h"
#include "base/platform/thread_name.h"
#include "base/secret.h"

namespace muster::selftest {
namespace {

namespace fs = std::filesystem;

constexpr size_t kPiece = 1 << 20;
constexpr absl::Duration kBetweenLooks = absl::Milliseconds(10);

std::string Size(uint64_t bytes) {
  return absl::StrFormat("%.1f MiB", static_cast<double>(bytes) / (1 << 20));
}

// What the descriptor has from `at` to `end`, in pieces that overlap. How much was read.
uint64_t LookAtRange(int fd, uint64_t at, uint64_t end, const SecretSearch& search,
                     std::set<Trace>& found) {
  std::string piece(kPiece + search.longest(), '\0');
  uint64_t sum = 0;
  while (at < end) {
    const size_t wanted = std::min<uint64_t>(piece.size(), end - at);
    const ssize_t size = pread(fd, piece.data(), wanted, static_cast<off_t>(at));
    if (size <= 0) break;
    search.Look(absl::string_view(piece).substr(0, static_cast<size_t>(size)), found);
    const auto step = std::min<uint64_t>(kPiece, static_cast<uint64_t>(size));
    sum += step;
    at += step;
  }
  Wipe(piece);
  return sum;
}

// Of a process that may be gone by now.
absl::StatusOr<std::string> ReadProc(const std::string& path) {
  constexpr size_t kMost = 64 << 20;
  return ReadWholeFile(path, kMost);
}

}  // namespace

Place LookAtFiles(const std::string& name, const std::string& folder,
                  const std::function<bool(const std::string& path)>& wanted,
                  const SecretSearch& search) {
  Place place{.name = name};
  int files = 0;
  uint64_t bytes = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    std::error_code ignored;
    const std::string path = at->path().string();
    if (!at->is_regular_file(ignored) || !wanted(path)) continue;
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) continue;
    bytes += LookAtRange(fd, 0, UINT64_MAX >> 1, search, place.found);
    close(fd);
    ++files;
  }
  place.looked_at = absl::StrCat(files, files == 1 ? " file, " : " files, ", Size(bytes));
  place.failed = files == 0;
  return place;
}

Place LookAtMemory(const std::string& name, pid_t pid, const SecretSearch& search) {
  Place place{.name = name};
  const auto maps = ReadProc(absl::StrCat("/proc/", pid, "/maps"));
  const int fd = open(absl::StrCat("/proc/", pid, "/mem").c_str(), O_RDONLY | O_CLOEXEC);
  if (!maps.ok() || fd < 0) {
    if (fd >= 0) close(fd);
    place.looked_at = "closed to this account; look as root";
    place.looked = false;
    return place;
  }
  uint64_t bytes = 0;
  for (const absl::string_view line : absl::StrSplit(*maps, '\n', absl::SkipEmpty())) {
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    const std::pair<absl::string_view, absl::string_view> range = absl::StrSplit(words[0], '-');
    uint64_t begin = 0;
    uint64_t end = 0;
    if (words.size() < 2 || !absl::StartsWith(words[1], "rw") ||
        !absl::SimpleHexAtoi(range.first, &begin) || !absl::SimpleHexAtoi(range.second, &end)) {
      continue;
    }
    bytes += LookAtRange(fd, begin, end, search, place.found);
  }
  close(fd);
  place.looked_at = Size(bytes);
  place.failed = bytes == 0;
  return place;
}

void ProcessWatch::Start() {
  stop_.Clear();
  thread_ = std::thread([this] {
    SetThreadName("processes");
    Run();
  });
}

void ProcessWatch::Stop() {
  stop_.Set();
  if (thread_.joinable()) thread_.join();
}

void ProcessWatch::Run() {
  do {
    LookOnce();
  } while (!stop_.Await(kBetweenLooks));
}

void ProcessWatch::LookOnce() {
  std::error_code error;
  std::set<Trace> arguments;
  std::set<Trace> environments;
  std::set<pid_t> seen;
  std::set<pid_t> readable;
  for (fs::directory_iterator at("/proc", error), end; !error && at != end; at.increment(error)) {
    pid_t pid = 0;
    if (!absl::SimpleAtoi(at->path().filename().string(), &pid)) continue;
    if (const auto words = ReadProc(absl::StrCat("/proc/", pid, "/cmdline")); words.ok()) {
      seen.insert(pid);
      search_.Look(*words, arguments);
    }
    if (const auto variables = ReadProc(absl::StrCat("/proc/", pid, "/environ")); variables.ok()) {
      readable.insert(pid);
      search_.Look(*variables, environments);
    }
  }
  MutexLock lock(&mu_);
  ++looks_;
  processes_.merge(seen);
  readable_.merge(readable);
  in_arguments_.merge(arguments);
  in_environments_.merge(environments);
}

Place ProcessWatch::arguments() {
  MutexLock lock(&mu_);
  return {.name = "process list",
          .looked_at = absl::StrCat(processes_.size(), " processes, ", looks_, " times"),
          .found = in_arguments_,
          .failed = processes_.empty()};
}

Place ProcessWatch::environments() {
  MutexLock lock(&mu_);
  return {.name = "environments",
          .looked_at = absl::StrCat(readable_.size(), " processes, ", looks_, " times"),
          .found = in_environments_,
          .failed = readable_.empty()};
}

}  // namespace muster::selftest
