#include "proto/rpc/grpc_log.h"

#include <grpc/support/log.h>

#include <map>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/log_throttle.h"
#include "base/mutex.h"

namespace muster::rpc {
namespace {

constexpr size_t kMostKinds = 64;
constexpr size_t kMostKindBytes = 160;

struct Meaning {
  const char* words;  // In the message, in small letters.
  const char* meaning;
};
// By what OpenSSL calls the alerts that a peer sent, and its own refusals.
constexpr Meaning kMeanings[] = {
    {"alert certificate expired",
     "E-CLOCK-SKEW: by the peer's clock our certificate has ended or not begun: its clock or ours "
     "is wrong, or our certificate was not renewed"},
    {"alert bad certificate", "the peer does not take our certificate: its clock may be behind"},
    {"alert unknown ca", "the peer belongs to another authority, or we do"},
    {"certificate verify failed",
     "the peer's certificate is of another authority, or has ended or not begun by our clock"},
    {"certificate has expired", "the peer's certificate has ended by our clock"},
    {"peer did not return a certificate", "the peer has no certificate of ours"},
};

// One throttle for each kind; whatever comes when there are too many kinds shares the last.
log::Throttle& ThrottleOf(absl::string_view text) {
  static Mutex& mu = *new Mutex;
  static auto& kinds = *new std::map<std::string, std::unique_ptr<log::Throttle>>;
  MutexLock lock(&mu);
  std::string kind = KindOfGrpcLine(text);
  if (kinds.size() >= kMostKinds && kinds.find(kind) == kinds.end()) kind.clear();
  std::unique_ptr<log::Throttle>& throttle = kinds[kind];
  if (throttle == nullptr) throttle = std::make_unique<log::Throttle>(6, 5);
  return *throttle;
}

void WriteGrpcLog(gpr_log_func_args* args) {
  const bool error = args->severity == GPR_LOG_SEVERITY_ERROR;
  if ((error ? log::Level::kInfo : log::Level::kDebug) < log::LeastLevel()) return;
  const auto quiet = ThrottleOf(args->message).Admit(SystemClock().Steady());
  if (!quiet.has_value()) return;
  const log::Fields fields = {{"text", args->message},
                              {"meaning", MeaningOfGrpcLine(args->message)},
                              {"not_told_before", *quiet}};
  if (error) {
    log::Info("grpc", fields);
  } else {
    log::Debug("grpc", fields);
  }
}

}  // namespace

void RouteGrpcLog() { gpr_set_log_function(WriteGrpcLog); }

std::string KindOfGrpcLine(absl::string_view text) {
  std::string kind;
  bool foreign = false;  // Inside of a word that holds a digit: a number, an address, a time.
  size_t begin = 0;      // Of the word, in `kind`.
  for (const char c : text.substr(0, 4 * kMostKindBytes)) {
    if (c == ' ' || c == ',' || c == '=' || c == '"') {
      foreign = false;
      kind.push_back(c);
      begin = kind.size();
    } else if (foreign) {
      continue;
    } else if (absl::ascii_isdigit(c)) {
      kind.resize(begin);
      kind.push_back('#');
      foreign = true;
    } else {
      kind.push_back(c);
    }
  }
  if (kind.size() > kMostKindBytes) kind.resize(kMostKindBytes);
  return kind;
}

absl::string_view MeaningOfGrpcLine(absl::string_view text) {
  const std::string small = absl::AsciiStrToLower(text);
  for (const Meaning& meaning : kMeanings) {
    if (absl::StrContains(small, meaning.words)) return meaning.meaning;
  }
  return "";
}

}  // namespace muster::rpc
