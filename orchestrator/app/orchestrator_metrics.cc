// What Prometheus is answered, and from what.
#include <filesystem>

#include "base/platform/memory.h"
#include "base/status_macros.h"
#include "orchestrator/app/orchestrator_parts.h"
#include "orchestrator/metrics/system_figures.h"

namespace muster::app {
namespace {

constexpr char kMetricsPath[] = "/metrics";
// Each holds a page, which may be of some megabytes.
constexpr int kMostScrapes = 8;

std::optional<int64_t> BytesOf(const std::string& file) {
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  if (error) return std::nullopt;
  return static_cast<int64_t>(size);
}

}  // namespace

absl::Status Orchestrator::Parts::ListenForMetrics() {
  if (options.metrics_listen.empty()) return absl::OkStatus();
  store_figures = std::make_unique<metrics::StoreFigures>(
      metrics::StoreFigureOptions{.usual_sweep = options.core.sweep.every});
  metrics_page = std::make_unique<metrics::MetricsPage>(
      clock, [this](metrics::Families& families) { return CollectMetrics(families); });
  ASSIGN_OR_RETURN(metrics_listener,
                   HttpListener::Start({.name = "metrics",
                                        .address = options.metrics_listen,
                                        .content_type = "text/plain; version=0.0.4; charset=utf-8",
                                        .most_connections = kMostScrapes},
                                       [this](const std::string& path) -> HttpAnswer {
                                         if (path != kMetricsPath) return {404, ""};
                                         std::string text = metrics_page->Text();
                                         if (text.empty()) return {503, "# not collected yet\n"};
                                         return {200, std::move(text)};
                                       }));
  endpoints.metrics_port = metrics_listener->port();
  return absl::OkStatus();
}

// On the self check's pool. What the store says comes whole or not at all.
absl::Status Orchestrator::Parts::CollectMetrics(metrics::Families& families) {
  const std::string database = directory.paths.database();
  metrics::AddSystem(families, self_check->Report(), store->Health(),
                     {.version = MUSTER_VERSION,
                      .start_time = start_time,
                      .resident_bytes = ResidentBytes(),
                      .database_bytes = BytesOf(database),
                      .log_bytes = BytesOf(database + "-wal"),
                      .authority_end = directory.authority.not_after(),
                      .listeners_end = listener_not_after.load()});
  metrics::Families of_store;
  const absl::Status read = CollectFromStore(of_store);
  if (read.ok()) families.Merge(std::move(of_store));
  work_counts.AddTo(families, store_figures->tenants());
  return read;
}

absl::Status Orchestrator::Parts::CollectFromStore(metrics::Families& families) {
  // The page is the provider's: whoever reaches it sees all tenants (docs/security.md).
  ASSIGN_OR_RETURN(const auto snapshot, store->Read());
  return store_figures->AddTo(families,
                              store::WalledSnapshot(*snapshot, store::TenantWall::Everything()),
                              *sessions, clock.Now());
}

}  // namespace muster::app
