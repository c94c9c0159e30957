#include "base/log.h"

#include <atomic>
#include <cstdio>

#include "absl/time/clock.h"
#include "base/log_writer.h"
#include "base/mutex.h"
#include "base/platform/standard_error.h"

namespace muster::log {
namespace {

std::atomic<Level> g_least = Level::kInfo;
Format g_format = Format::kLogfmt;

Mutex& SinkMutex() {
  static Mutex* const mu = new Mutex;
  return *mu;
}
std::function<void(absl::string_view)>& Sink() {
  static auto* const sink = new std::function<void(absl::string_view)>;
  return *sink;
}

// JSON string escapes serve both formats (logfmt quotes in the same way).
void AppendQuoted(std::string& out, absl::string_view text) {
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          char buffer[8];
          std::snprintf(buffer, sizeof(buffer), "\\u%04x", static_cast<unsigned char>(c));
          out += buffer;
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

bool NeedsQuotes(absl::string_view text) {
  if (text.empty()) return true;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '=' || c == '\\') return true;
  }
  return false;
}

void AppendField(std::string& out, absl::string_view name, absl::string_view value) {
  if (g_format == Format::kJson) {
    if (out.size() > 1) out += ',';
    AppendQuoted(out, name);
    out += ':';
    AppendQuoted(out, value);
    return;
  }
  if (!out.empty()) out += ' ';
  absl::StrAppend(&out, name, "=");
  if (NeedsQuotes(value)) {
    AppendQuoted(out, value);
  } else {
    absl::StrAppend(&out, value);
  }
}

void Write(Level level, absl::string_view message, Fields fields) {
  if (level < g_least.load(std::memory_order_relaxed)) return;
  std::string line;
  if (g_format == Format::kJson) line = "{";
  // Lines carry the real time even where the program's clock is a fake: a log is for people.
  AppendField(line, "time",
              absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::Now(), absl::UTCTimeZone()));
  AppendField(line, "level", LevelName(level));
  AppendField(line, "msg", message);
  for (const Field& field : fields) AppendField(line, field.name, field.value);
  if (g_format == Format::kJson) line += '}';
  {
    MutexLock lock(&SinkMutex());
    if (Sink()) {
      Sink()(line);
      return;
    }
  }
  line += '\n';
  if (BackgroundWriter::Take(line)) return;
  static Mutex* const whole_lines = new Mutex;
  MutexLock lock(whole_lines);
  WriteToStandardError(line);
}

}  // namespace

void Debug(absl::string_view message, Fields fields) { Write(Level::kDebug, message, fields); }
void Info(absl::string_view message, Fields fields) { Write(Level::kInfo, message, fields); }
void Warning(absl::string_view message, Fields fields) { Write(Level::kWarning, message, fields); }
void Error(absl::string_view message, Fields fields) { Write(Level::kError, message, fields); }

absl::string_view LevelName(Level level) {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarning:
      return "warning";
    case Level::kError:
      return "error";
  }
  return "unknown";
}

std::optional<Level> FindLevel(absl::string_view name) {
  for (const Level level : {Level::kDebug, Level::kInfo, Level::kWarning, Level::kError}) {
    if (name == LevelName(level)) return level;
  }
  return std::nullopt;
}

void Configure(Level least, Format format) {
  g_least = least;
  g_format = format;
}
void SetLevel(Level least) { g_least = least; }
Level LeastLevel() { return g_least; }

void SetSinkForTesting(std::function<void(absl::string_view line)> sink) {
  MutexLock lock(&SinkMutex());
  Sink() = std::move(sink);
}

}  // namespace muster::log
