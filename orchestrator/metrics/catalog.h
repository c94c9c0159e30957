// Every metric that the orchestrator exports: its name, what kind it is, its labels, and what it
// says. docs/monitoring.md shows the same table, and a test holds the two together.
//
// Labels are ids of tenants and zones, words of states and kinds, names of listeners and checks:
// never a server's name, an address, a hub's URL or a secret.
#ifndef MUSTER_ORCHESTRATOR_METRICS_CATALOG_H_
#define MUSTER_ORCHESTRATOR_METRICS_CATALOG_H_

#include <span>
#include <vector>

namespace muster::metrics {

enum class Metric {
  // The process.
  kBuildInfo,
  kStartTime,
  kReady,
  kCheckLevel,
  kOpenFiles,
  kOpenFilesLimit,
  kResidentBytes,
  // The store and its disk.
  kStoreReadOnly,
  kStoreSchemaVersion,
  kStoreDatabaseBytes,
  kStoreLogBytes,
  kDiskFreeBytes,
  kBackupTime,
  // What comes to its end.
  kAuthorityEnd,
  kListenersEnd,
  kWorkersEnding,
  kWorkersNextEnd,
  kOperators,
  kOperatorsNextEnd,
  kAdminsLastEnd,
  // Connections.
  kSessions,
  kListenerConnections,
  kListenerLimit,
  kListenerUnproven,
  kListenerQueued,
  kListenerHandshakes,
  kListenerTaken,
  kListenerRefused,
  // Work.
  kCommandsSent,
  kAttemptsEnded,
  kTimeToVerified,
  kRollouts,
  kRolloutTargets,
  // Tenants and zones.
  kTenants,
  kZones,
  kServers,
  kProven,
  kCoverage,
  kOldestProof,
  kVerifyWithin,
  kAdmission,
  kConnectivity,
  kFindings,
  kHasJoiningKey,
  kHubReadTime,
  kHubTryTime,
  kHubTryFailed,
  kHubInstances,
  kHubUnmatched,
  kHubStanding,
  kHubFailures,
  kHubFailingSince,
  kHubLeftAloneUntil,
  kHubShortReadings,
  kSweepStart,
  kSweepDuration,
  kSweepState,
  kSweepDue,
  // This page.
  kPageAge,
  kPageCollectSeconds,
  kPageFailures,
  kPageZonesLeftOut,
  kCount,
};

enum class MetricKind { kGauge, kCounter, kHistogram };

struct MetricSpec {
  Metric metric;
  const char* name;
  MetricKind kind;
  std::vector<const char*> labels;
  const char* help;
};

// In the order of the enum.
std::span<const MetricSpec> Catalog();
const MetricSpec& SpecOf(Metric metric);

}  // namespace muster::metrics

#endif  // MUSTER_ORCHESTRATOR_METRICS_CATALOG_H_
