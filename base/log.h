// Structured log: a fixed message and fields, one line each to standard error.
//
//   log::Info("worker connected", {{"server", id}, {"address", peer}});
//   → time=2026-07-18T09:00:00.123Z level=info msg="worker connected" server=srv-… address=10.0.0.7
//
// A Secret has no conversion to a field, so nothing secret can be logged by accident (invariant 7).
#ifndef MUSTER_BASE_LOG_H_
#define MUSTER_BASE_LOG_H_

#include <concepts>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/id.h"

namespace muster::log {

enum class Level { kDebug, kInfo, kWarning, kError };
enum class Format { kLogfmt, kJson };

struct Field {
  Field(absl::string_view n, absl::string_view v) : name(n), value(v) {}
  Field(absl::string_view n, const std::string& v) : name(n), value(v) {}
  Field(absl::string_view n, const char* v) : name(n), value(v) {}
  Field(absl::string_view n, bool v) : name(n), value(v ? "true" : "false") {}
  template <typename T>
  requires((std::integral<T> || std::floating_point<T>)&&!std::same_as<T, bool>)
      Field(absl::string_view n, T v)
      : name(n), value(absl::StrCat(v)) {}
  template <typename Tag>
  Field(absl::string_view n, const Id<Tag>& v) : name(n), value(v.value()) {}
  Field(absl::string_view n, absl::Time v)
      : name(n), value(absl::FormatTime(v, absl::UTCTimeZone())) {}
  Field(absl::string_view n, absl::Duration v) : name(n), value(absl::FormatDuration(v)) {}
  Field(absl::string_view n, const absl::Status& v) : name(n), value(v.message()) {}

  absl::string_view name;
  std::string value;
};
using Fields = std::initializer_list<Field>;

// Thread-safe; each call writes one whole line. Where a BackgroundWriter runs (log_writer.h) they
// never block; elsewhere they block as long as standard error does.
void Debug(absl::string_view message, Fields fields = {});
void Info(absl::string_view message, Fields fields = {});
void Warning(absl::string_view message, Fields fields = {});
void Error(absl::string_view message, Fields fields = {});

// Set once by main, before threads start. Defaults: info, logfmt.
void Configure(Level least, Format format);
// Lines below `least` are dropped from now on. Thread-safe.
void SetLevel(Level least);
Level LeastLevel();
// "debug", "info", "warning" or "error"; none otherwise.
std::optional<Level> FindLevel(absl::string_view name);
absl::string_view LevelName(Level level);
// Tests look at what would be written: each line goes to `sink` instead of standard error. Null
// restores it.
void SetSinkForTesting(std::function<void(absl::string_view line)> sink);

}  // namespace muster::log

#endif  // MUSTER_BASE_LOG_H_
