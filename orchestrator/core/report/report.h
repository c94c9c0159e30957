// The report: what the store knows, per zone and per problem. Pure functions over a snapshot; call
// them on the blocking pool.
#ifndef MUSTER_ORCHESTRATOR_CORE_REPORT_REPORT_H_
#define MUSTER_ORCHESTRATOR_CORE_REPORT_REPORT_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/failure.h"
#include "base/ids.h"
#include "store/interface/walled_snapshot.h"
#include "store/model/observation.h"
#include "store/model/server.h"

namespace muster::core {

inline constexpr int kMostObservations = 10'000;

struct ReportQuery {
  store::Selection selection;
  RolloutId rollout_id;  // Set: only servers of this rollout.
  // A page of problems: at most `limit`, from behind the page before's `next`. 0: all of them.
  int limit = 0;
  std::string after;
};

struct ReportZone {
  ZoneId zone_id;
  std::string hub_url;
  std::string service_account;  // The zone's exception; empty: none.
  int servers = 0;
  int enrolled = 0;
  int proven = 0;       // Of the enrolled, those proven within verify_within.
  int in_progress = 0;  // queued, joining, joined_unverified
  int failed = 0;
  int in_doubt = 0;
  int not_enrolled = 0;
  int other = 0;  // degraded
  absl::Duration verify_within;
  std::optional<absl::Time> oldest_proof_time;  // Of the enrolled.
  std::optional<absl::Time> hub_read_time;      // Last whole reading.
  int hub_instances = 0;                        // Of that reading.
  int hub_unmatched = 0;
  std::optional<Failure> hub_failure;  // Of the last try to read the hub.
};

struct ReportProblem {
  ZoneId zone_id;
  std::string server;  // Name.
  ServerId server_id;
  store::Enrollment enrollment = store::Enrollment::kNotEnrolled;
  Failure failure;  // The stored one, or why a server that nobody joined yet stands where it does.
};

// What is wrong with a server beside its enrollment (store/model/observation.h).
struct ReportObservation {
  ZoneId zone_id;
  std::string server;  // Name.
  store::Observation observation;
};

struct Report {
  absl::Time time;
  std::vector<ReportZone> zones;  // By zone id; zones without servers too. On the first page only.
  // Every server that is not enrolled or not proven in time, by zone and name.
  std::vector<ReportProblem> problems;
  // Of the same servers, enrolled or not, by zone and name. On the first page only; at most
  // kMostObservations.
  std::vector<ReportObservation> observations;
  std::string next;  // The cursor of the next page; empty: this is the last.
};

absl::StatusOr<Report> MakeReport(const store::WalledSnapshot& snapshot, const ReportQuery& query,
                                  absl::Time now);

// Why a server is not enrolled. Empty for one that is enrolled, or on its way without a failure.
std::optional<Failure> ProblemOf(const store::Server& server);

// Connectivity is derived, never stored. `connected`: a session is open now
// (the session registry knows).
enum class Connectivity { kNeverSeen, kOnline, kOffline, kStale };
absl::string_view ToString(Connectivity connectivity);
Connectivity ConnectivityOf(const std::optional<absl::Time>& last_contact, bool connected,
                            absl::Time now);
inline Connectivity ConnectivityOf(const store::Server& server, bool connected, absl::Time now) {
  return ConnectivityOf(server.last_contact_time, connected, now);
}

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_REPORT_REPORT_H_
