#include "orchestrator/app/self_check.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "orchestrator/app/backup.h"

namespace muster::app {
namespace {

using api::SystemCheck;
using api::SystemReport;
using Result = SystemCheck::Result;

std::string DayOf(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M UTC", time, absl::UTCTimeZone());
}

SystemCheck CheckOfStore(const store::StoreHealth& health) {
  if (!health.read_only) return {"store", Result::kOk, "writable", ""};
  return {"store", Result::kProblem, absl::StrCat("read-only: ", health.reason),
          "Mend the cause (disk full, disk errors); the orchestrator ends with 3 and starts anew."};
}

SystemCheck CheckOfDisk(const std::optional<DiskWatch::Space>& space) {
  if (!space.has_value()) {
    return {"disk", Result::kWarning, "free space is not known", "Look at the data directory."};
  }
  const std::string seen = absl::StrCat(space->free_bytes / kMebibyte, " MiB free");
  if (!space->low) return {"disk", Result::kOk, seen, ""};
  return {"disk", Result::kWarning, seen,
          "Free space on the data directory's disk: a full one ends the orchestrator."};
}

SystemCheck CheckOfExpiry(const ExpiryCheck& expiry, absl::Time now) {
  const absl::Time end = expiry.not_after();
  if (end <= now) {
    return {expiry.name, Result::kProblem, absl::StrCat("ended ", DayOf(end)), expiry.next};
  }
  if (end - now < expiry.warn_before) {
    return {expiry.name, Result::kWarning, absl::StrCat("ends ", DayOf(end)), expiry.next};
  }
  return {expiry.name, Result::kOk, absl::StrCat("valid until ", DayOf(end)), ""};
}

const char* WordOf(Result result) {
  return result == Result::kOk ? "ok" : result == Result::kWarning ? "warning" : "problem";
}

void Say(const SystemCheck& check) {
  const log::Fields fields = {{"check", check.name},
                              {"result", WordOf(check.result)},
                              {"seen", check.seen},
                              {"next", check.next}};
  switch (check.result) {
    case Result::kOk:
      return log::Info("self check", fields);
    case Result::kWarning:
      return log::Warning("self check", fields);
    case Result::kProblem:
      return log::Error("self check", fields);
  }
}

}  // namespace

SystemCheck CheckOfBackup(const std::optional<BackupNote>& last, absl::Time now,
                          absl::Duration patience) {
  const std::string next = "muster-orchestrator backup --out FILE, regularly.";
  if (!last.has_value()) return {"backup", Result::kWarning, "there is none", next};
  const std::string seen = absl::StrCat("of ", DayOf(last->time), " in ", last->file);
  if (now - last->time > patience) return {"backup", Result::kWarning, seen, next};
  return {"backup", Result::kOk, seen, ""};
}

SelfCheck::SelfCheck(SelfCheckOptions options, SelfCheckDependencies dependencies)
    : options_(std::move(options)), d_(std::move(dependencies)), strand_answered_(d_.clock.Now()) {}

void SelfCheck::Start() {
  d_.pool.Run([this] { Look(); });
}

void SelfCheck::Set(SystemCheck check) {
  MutexLock lock(&mu_);
  set_[check.name] = std::move(check);
}

void SelfCheck::Set(api::Traffic traffic) {
  MutexLock lock(&mu_);
  traffic_ = std::move(traffic);
}

bool SelfCheck::StrandAlive() const {
  return !strand_asked_ || d_.clock.Now() - strand_answered_ < options_.strand_patience;
}

bool SelfCheck::alive() const {
  MutexLock lock(&mu_);
  return StrandAlive();
}

void SelfCheck::AskStrand() {
  {
    MutexLock lock(&mu_);
    if (strand_asked_) return;  // It has not answered the last one yet.
    strand_asked_ = true;
    strand_answered_ = d_.clock.Now();
  }
  d_.strand.Post([this] {
    MutexLock lock(&mu_);
    strand_asked_ = false;
  });
}

void SelfCheck::Look() {
  AskStrand();
  for (const ListenerCheck& listener : listeners_) {
    absl::Status answer = listener.probe();
    MutexLock lock(&mu_);
    Seen& seen = seen_[listener.name];
    seen.failures = answer.ok() ? 0 : seen.failures + 1;
    seen.last = std::move(answer);
  }
  const auto backup = LastBackup(options_.data_dir);
  const auto restored = RestoredFrom(options_.data_dir);
  {
    MutexLock lock(&mu_);
    last_backup_ = backup;
    restored_ = restored;
    for (const SystemCheck& check : Judge()) {
      const auto [known, fresh] = said_.try_emplace(check.name, Result::kOk);
      // The disk's watch speaks for itself, and of a backup that is missing or old doctor and
      // status do.
      const bool quiet = check.name == "backup" || check.name == "disk";
      if (std::exchange(known->second, check.result) != check.result && !quiet) Say(check);
    }
  }
  for (const auto& work : work_) work();
  d_.timers.After(options_.interval, [this] { d_.pool.Run([this] { Look(); }); });
}

std::vector<SystemCheck> SelfCheck::Judge() const {
  const absl::Time now = d_.clock.Now();
  std::vector<SystemCheck> checks = {CheckOfStore(d_.store.Health())};
  if (StrandAlive()) {
    checks.push_back({"control", Result::kOk, "takes turns", ""});
  } else {
    checks.push_back(
        {"control", Result::kProblem, absl::StrCat("takes no turn since ", DayOf(strand_answered_)),
         "Restart the orchestrator, and keep its log for whoever looks for the cause."});
  }
  for (const ListenerCheck& listener : listeners_) {
    const auto seen = seen_.find(listener.name);
    const bool failing = seen != seen_.end() && seen->second.failures > 0;
    const std::string name = absl::StrCat("listener ", listener.name);
    if (!failing) {
      checks.push_back({name, Result::kOk, "answers", ""});
      continue;
    }
    checks.push_back(
        {name,
         seen->second.failures >= options_.failures_until_dead ? Result::kProblem
                                                               : Result::kWarning,
         absl::StrCat("did not answer ", seen->second.failures,
                      " times: ", std::string(seen->second.last.message())),
         "Look for a limit of open files or for load in the log; if it lasts, restart the "
         "orchestrator."});
  }
  checks.push_back(CheckOfDisk(d_.disk.Last()));
  for (const ExpiryCheck& expiry : expiries_) checks.push_back(CheckOfExpiry(expiry, now));
  checks.push_back(CheckOfBackup(last_backup_, now, options_.backup_age_warning));
  for (const auto& [name, check] : set_) checks.push_back(check);
  if (restored_.has_value()) {
    checks.push_back({"restored", Result::kOk,
                      absl::StrCat("on ", DayOf(restored_->time), " from a backup of ",
                                   DayOf(restored_->backup_time)),
                      ""});
  }
  return checks;
}

SystemReport SelfCheck::Report() const {
  MutexLock lock(&mu_);
  SystemReport report{.ready = true, .checks = Judge()};
  for (const SystemCheck& check : report.checks) {
    if (check.result == Result::kProblem) report.ready = false;
  }
  if (const auto space = d_.disk.Last()) report.disk_free_bytes = space->free_bytes;
  if (last_backup_.has_value()) report.last_backup_time = last_backup_->time;
  if (restored_.has_value()) report.restored_backup_time = restored_->backup_time;
  report.traffic = traffic_;
  return report;
}

}  // namespace muster::app
