#include "orchestrator/metrics/system_figures.h"

#include <map>

#include "orchestrator/net/connection_gate.h"

namespace muster::metrics {
namespace {

int LevelOf(api::SystemCheck::Result result) {
  switch (result) {
    case api::SystemCheck::Result::kOk:
      return 0;
    case api::SystemCheck::Result::kWarning:
      return 1;
    case api::SystemCheck::Result::kProblem:
      return 2;
  }
  return 2;
}

void AddListener(Families& families, const api::ListenerCounts& listener) {
  const Families::Values name = {listener.name};
  families.Add(Metric::kListenerConnections, name, listener.connections);
  families.Add(Metric::kListenerLimit, name, listener.limit);
  families.Add(Metric::kListenerUnproven, name, listener.unproven);
  families.Add(Metric::kListenerQueued, name, listener.queued);
  families.Add(Metric::kListenerHandshakes, name, listener.handshakes);
  families.Add(Metric::kListenerTaken, name, static_cast<double>(listener.taken));
  // Zeros, too: the first refusal is no jump from nothing.
  std::map<std::string, int64_t> refused;
  for (int i = 0; i < net::kRefusals; ++i) {
    refused[std::string(net::Name(static_cast<net::Refusal>(i)))] = 0;
  }
  for (const auto& one : listener.refused) refused[one.reason] = one.count;
  for (const auto& [reason, count] : refused) {
    families.Add(Metric::kListenerRefused, {listener.name, reason}, static_cast<double>(count));
  }
}

}  // namespace

void AddSystem(Families& families, const api::SystemReport& report, const store::StoreHealth& store,
               const ProcessFacts& process) {
  families.Add(Metric::kBuildInfo, {process.version}, 1);
  families.AddTime(Metric::kStartTime, {}, process.start_time);
  families.Add(Metric::kReady, report.ready);
  for (const api::SystemCheck& check : report.checks) {
    families.Add(Metric::kCheckLevel, {check.name}, LevelOf(check.result));
  }
  if (process.resident_bytes > 0) {
    families.Add(Metric::kResidentBytes, static_cast<double>(process.resident_bytes));
  }
  families.Add(Metric::kStoreReadOnly, store.read_only);
  families.Add(Metric::kStoreSchemaVersion, store.schema_version);
  if (process.database_bytes.has_value()) {
    families.Add(Metric::kStoreDatabaseBytes, static_cast<double>(*process.database_bytes));
  }
  if (process.log_bytes.has_value()) {
    families.Add(Metric::kStoreLogBytes, static_cast<double>(*process.log_bytes));
  }
  if (report.disk_free_bytes.has_value()) {
    families.Add(Metric::kDiskFreeBytes, static_cast<double>(*report.disk_free_bytes));
  }
  if (report.last_backup_time.has_value()) {
    families.AddTime(Metric::kBackupTime, {}, *report.last_backup_time);
  }
  families.AddTime(Metric::kAuthorityEnd, {}, process.authority_end);
  families.AddTime(Metric::kListenersEnd, {}, process.listeners_end);
  const api::Traffic& traffic = report.traffic;
  if (traffic.open_files > 0) {
    families.Add(Metric::kOpenFiles, static_cast<double>(traffic.open_files));
    families.Add(Metric::kOpenFilesLimit, static_cast<double>(traffic.open_files_limit));
  }
  for (const api::ListenerCounts& listener : traffic.listeners) AddListener(families, listener);
}

}  // namespace muster::metrics
