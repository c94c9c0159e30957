#include "orchestrator/core/enrollment/renewal.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/failure_code.h"
#include "orchestrator/core/enrollment/record_claim.h"

namespace muster::core {
namespace {

bool OtherService(const ForeignText& known, const ForeignText& seen) {
  return !known.empty() && !seen.empty() && !absl::EqualsIgnoreCase(known.str(), seen.str());
}

bool HasProvenTitle(const store::Server& server, const HubInstance& record) {
  return !record.title.empty() &&
         absl::EqualsIgnoreCase(record.title.str(), server.proof->title.str());
}
bool HasOwnTitle(const store::Server& server, const HubInstance& record) {
  return IsTitleOf(record.title.str(), server.name) || HasProvenTitle(server, record);
}

// A clone has the internal id, too; what it cannot have at the same time is the name that the
// server's own worker sees. And a worker's word about its service is believed only where the title is
// the server's.
bool IsAnother(const store::Server& server, const HubInstance& record) {
  // A record that has not been filled in yet is of nobody.
  if (record.title.empty()) return false;
  if (!HasOwnTitle(server, record) &&
      !IsTitleOf(record.title.str(), server.machine.machine_name.str())) {
    return true;
  }
  return OtherService(server.proof->internal_instance_id, record.internal_instance_id) &&
         OtherService(server.service.internal_instance_id, record.internal_instance_id);
}

std::string Ago(absl::Duration age) {
  return absl::FormatDuration(absl::Trunc(std::max(age, absl::ZeroDuration()), absl::Minutes(1)));
}

std::string RecordWords(const HubInstance& record) {
  return absl::StrCat(
      "hub record ", record.id.value(),
      record.title.empty() ? " without a title" : absl::StrCat(" of \"", record.title.str(), "\""));
}

std::string InternalId(const HubInstance& record) {
  return record.internal_instance_id.empty()
             ? ""
             : absl::StrCat(", internal id ", record.internal_instance_id.str());
}

Showing Disconnected(const HubInstance& record, const HubList& list,
                     std::optional<absl::Time> questioned, absl::Duration patience,
                     absl::string_view how, absl::Time now) {
  Showing showing{Showing::What::kDisconnected, &record};
  absl::Time since = questioned.value_or(now);
  if (record.reported_time.has_value()) {
    // What the hub says of the future is of a clock that was set.
    since = std::min(now, *record.reported_time - list.clock_offset);
  }
  showing.lasts_from = since + patience;
  showing.lasts = now >= showing.lasts_from;
  showing.failure =
      Failure{FailureCode::kVerifyDisconnected,
              absl::StrCat(RecordWords(record), " is ", how,
                           record.reported_time.has_value()
                               ? absl::StrCat(", last report ", Ago(now - since), " before")
                               : "")};
  return showing;
}

}  // namespace

Showing ShowingOf(const store::Server& server, const HubInstance* instance,
                  const HubInstance* contradiction, const HubList& list,
                  std::optional<absl::Time> newest, absl::Duration disconnect_patience,
                  const VerifyOptions& options, absl::Time now) {
  if (instance == nullptr) {
    Showing gone{Showing::What::kGone};
    gone.lasts = true;
    gone.failure = Failure{FailureCode::kVerifyGone,
                           absl::StrCat("hub record ", server.proof->hub_instance_id.value(),
                                        " is not among ", list.instances.size())};
    return gone;
  }
  const HubInstance& record = *instance;
  if (contradiction != nullptr) {
    Showing another{Showing::What::kAnother, instance};
    another.lasts = true;
    another.failure = Failure{
        FailureCode::kVerifyIdentity,
        absl::StrCat("the hub lists one id twice: ", RecordWords(record), InternalId(record),
                     ", and ", RecordWords(*contradiction), InternalId(*contradiction))};
    return another;
  }
  if (IsAnother(server, record)) {
    Showing another{Showing::What::kAnother, instance};
    another.lasts = true;
    another.failure = Failure{
        FailureCode::kVerifyIdentity,
        absl::StrCat(
            RecordWords(record), InternalId(record), ", proved ", server.name,
            server.proof->title.empty() ? ""
                                        : absl::StrCat(" as \"", server.proof->title.str(), "\""),
            server.proof->internal_instance_id.empty()
                ? ""
                : absl::StrCat(", internal id ", server.proof->internal_instance_id.str()))};
    return another;
  }
  const ProofRule rule{std::nullopt, options.clock_tolerance, options.fresh_report, now};
  const std::optional<absl::Time> questioned = server.proof->questioned_time;
  if (!ProvesEnrollment(record, list, rule)) {
    return Disconnected(record, list, questioned, disconnect_patience, "not connected", now);
  }
  // Connected, and silent while others report: the hub has not noticed yet.
  const absl::Time reported = *record.reported_time;
  if (newest.has_value() && reported + options.silent_report < *newest &&
      reported - list.clock_offset + options.silent_report < now) {
    return Disconnected(record, list, questioned, disconnect_patience, "connected but silent", now);
  }
  Showing shown{Showing::What::kShown, instance};
  shown.renamed =
      !server.proof->title.empty() && !record.title.empty() && !HasOwnTitle(server, record);
  return shown;
}

bool TakesBack(const Showing& showing, const HubReading& reading,
               std::optional<absl::Time> questioned, const VerifyOptions& options) {
  return showing.what != Showing::What::kShown && showing.lasts && reading.conclusive &&
         questioned.has_value() && reading.started >= *questioned + options.question_between;
}

std::optional<absl::Duration> AskAgainAfter(absl::Duration since, const VerifyOptions& options) {
  if (since >= options.ask_again_for) return std::nullopt;
  return std::clamp(since / 4, options.question_between, options.ask_again_longest);
}

}  // namespace muster::core
