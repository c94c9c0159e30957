#include "orchestrator/app/disk_space.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/log.h"
#include "store/sqlite/sqlite_store.h"

namespace muster::app {
namespace {

// The log's index, the port file, certificates, and what one turn adds before the log is moved.
constexpr int64_t kBesideTheLog = 16 * kMebibyte;

std::string Mebibytes(int64_t bytes) { return absl::StrCat(bytes / kMebibyte, " MiB"); }

}  // namespace

absl::StatusOr<int64_t> FreeBytes(const std::string& directory) {
  std::error_code error;
  const auto space = std::filesystem::space(directory, error);
  if (error) {
    return absl::UnavailableError(
        absl::StrCat("how much of the disk of ", directory, " is free: ", error.message()));
  }
  constexpr auto kMost = static_cast<std::uintmax_t>(std::numeric_limits<int64_t>::max());
  return static_cast<int64_t>(std::min(space.available, kMost));
}

int64_t BytesNeededToStart(int64_t log_bytes) {
  return std::max<int64_t>(store::kMostLogBytes - log_bytes, 0) + kBesideTheLog;
}

absl::Status CheckFreeBytes(const std::string& directory, int64_t free, int64_t needed) {
  if (free >= needed) return absl::OkStatus();
  return FailureStatus(
      FailureCode::kStoreFull,
      absl::StrCat("the disk of ", directory, " has ", Mebibytes(free),
                   " free, and the database with its log needs ", Mebibytes(needed)));
}

DiskWatch::DiskWatch(DiskWatchOptions options, Timers& timers, Executor& pool)
    : options_(std::move(options)), timers_(timers), pool_(pool) {}

void DiskWatch::Start() {
  pool_.Run([this] { Look(); });
}

std::optional<DiskWatch::Space> DiskWatch::Last() const {
  MutexLock lock(&mu_);
  return last_;
}

void DiskWatch::Look() {
  Keep(options_.free_bytes ? options_.free_bytes(options_.directory)
                           : FreeBytes(options_.directory));
  timers_.After(options_.interval, [this] { pool_.Run([this] { Look(); }); });
}

void DiskWatch::Keep(const absl::StatusOr<int64_t>& free) {
  MutexLock lock(&mu_);
  if (!free.ok()) {
    last_.reset();
    if (!std::exchange(said_unknown_, true)) {
      log::Warning("free disk space is not known", {{"reason", free.status()}});
    }
    return;
  }
  said_unknown_ = false;
  const bool was_low = last_.has_value() && last_->low;
  last_ = Space{*free, *free < options_.warn_below};
  if (last_->low == was_low) return;
  const log::Fields fields = {{"directory", options_.directory},
                              {"free", Mebibytes(*free)},
                              {"warning_below", Mebibytes(options_.warn_below)}};
  if (last_->low) {
    log::Warning("the data directory's disk is nearly full; free space before the store stops",
                 fields);
  } else {
    log::Info("the data directory's disk has space again", fields);
  }
}

}  // namespace muster::app
