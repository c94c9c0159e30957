#include "orchestrator/hub/http_hub_reader.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/crypto/digest.h"
#include "base/crypto/sealing.h"
#include "base/failure_code.h"
#include "base/log.h"
#include "orchestrator/hub/hub_check.h"

namespace muster::hub {
namespace {

// Digest of all that makes two reads the same. The secret is in it, so that a changed one is used
// at once; what it is cannot be learned from a digest kept in memory beside it.
std::string KeyOf(const core::HubReadRequest& request, const Secret& secret) {
  std::string text =
      crypto::AssociatedData({request.tenant_id.value(), request.hub_url, request.hub_ca_pem,
                              absl::StrCat(static_cast<int>(request.verifier.kind)),
                              request.verifier.principal, secret.Reveal()});
  std::string key = crypto::Sha256(text);
  Wipe(text);
  return key;
}

void SetCredentials(const store::Verifier& verifier, Secret secret, HubClientOptions& options) {
  NamedSecret credentials{verifier.principal, std::move(secret)};
  if (verifier.kind == store::VerifierKind::kApiToken) {
    options.api_token = std::move(credentials);
  } else {
    options.login = std::move(credentials);
  }
}

}  // namespace

HttpHubReader::HttpHubReader(Executor& executor, http::AsyncClient& http, core::KeyVault& vault,
                             const Clock& clock, HubReaderOptions options)
    : executor_(executor),
      http_(http),
      vault_(vault),
      clock_(clock),
      options_(options),
      gate_(options.tenant_readings, options.all_readings),
      budget_(options.tenant_bytes, options.all_bytes) {}

HttpHubReader::~HttpHubReader() = default;

void HttpHubReader::Read(core::HubReadRequest request, Done done) {
  executor_.Run([this, request = std::move(request), done = std::move(done)]() mutable {
    Begin(request, std::move(done));
  });
}

std::variant<Secret, Failure> HttpHubReader::Open(const core::HubReadRequest& request) const {
  if (request.verifier.kind == store::VerifierKind::kNone) {
    return Failure{FailureCode::kHubAuth,
                   absl::StrCat("zone ", request.zone_id.value(), " has no verifier")};
  }
  absl::StatusOr<Secret> secret =
      vault_.Open(request.verifier.secret, core::VerifierBinding(request.zone_id));
  if (secret.ok()) return *std::move(secret);
  return Failure{FailureCode::kKeyUnsealable,
                 absl::StrCat("the sealed secret of the verifier of zone ", request.zone_id.value(),
                              " does not open")};
}

HubClientOptions HttpHubReader::OptionsOf(const core::HubReadRequest& request) const {
  return {.hub_url = request.hub_url,
          .ca_pem = request.hub_ca_pem,
          .connect_timeout = options_.connect_timeout,
          .total_timeout = options_.total_timeout,
          .stall_timeout = options_.stall_timeout,
          .pace_group = request.tenant_id.value()};
}

void HttpHubReader::Check(core::HubReadRequest request,
                          absl::AnyInvocable<void(std::vector<core::HubCheckStep>)> done) {
  executor_.Run([this, request = std::move(request), done = std::move(done)]() mutable {
    HubCheckOptions options{.client = OptionsOf(request)};
    std::variant<Secret, Failure> opened = Open(request);
    if (const auto* const failed = std::get_if<Failure>(&opened)) {
      options.no_credentials = failed->detail;
    } else {
      SetCredentials(request.verifier, std::get<Secret>(std::move(opened)), options.client);
    }
    const TenantId tenant = request.tenant_id;
    gate_.Enter(
        tenant, [this, tenant, options = std::move(options), done = std::move(done)]() mutable {
          auto share = std::make_shared<ReadBudget::Share>(budget_, tenant);
          HttpHubClient::Keep keep = [share](size_t bytes) -> std::optional<std::string> {
            if (share->Take(bytes)) return std::nullopt;
            return share->refusal();
          };
          HubCheck::Start(std::move(options), http_, clock_, std::move(keep),
                          [this, tenant,
                           done = std::move(done)](std::vector<core::HubCheckStep> steps) mutable {
                            gate_.Leave(tenant);
                            done(std::move(steps));
                          });
        });
  });
}

void HttpHubReader::Begin(const core::HubReadRequest& request, Done done) {
  std::variant<Secret, Failure> opened = Open(request);
  if (auto* const failed = std::get_if<Failure>(&opened)) return done(std::move(*failed));
  auto* const secret = std::get_if<Secret>(&opened);
  const std::string key = KeyOf(request, *secret);
  Entry* entry = nullptr;
  absl::Status created;
  {
    MutexLock lock(&mu_);
    const absl::Time now = clock_.Now();
    ForgetIdle(now);
    std::unique_ptr<Entry>& slot = entries_[key];
    if (slot == nullptr) slot = std::make_unique<Entry>();
    entry = slot.get();
    if (entry->client == nullptr) {
      HubClientOptions options = OptionsOf(request);
      SetCredentials(request.verifier, std::move(*secret), options);
      auto client = HttpHubClient::Create(std::move(options), http_, clock_);
      if (client.ok()) {
        entry->client = *std::move(client);
        entry->tenant = request.tenant_id;
      } else {
        created = client.status();
        entries_.erase(key);
      }
    }
    if (created.ok()) {
      entry->last_use = now;
      entry->insist |= request.insist;
      entry->waiting.push_back(std::move(done));
      if (entry->waiting.size() > 1) return;  // The poll under way answers.
    }
  }
  if (!created.ok()) {
    // NOLINTNEXTLINE(bugprone-use-after-move): it was moved only if the client was made.
    done(Failure{FailureCode::kHubUnreachable,
                 absl::StrCat("the hub URL of zone ", request.zone_id.value(),
                              " is unusable: ", created.message())});
    return;
  }
  // A task of its own: reads that are queued before it join it.
  executor_.Run([this, entry] { gate_.Enter(entry->tenant, [this, entry] { Poll(*entry); }); });
}

void HttpHubReader::Poll(Entry& entry) {
  bool insist = false;
  {
    MutexLock lock(&mu_);
    insist = std::exchange(entry.insist, false);
  }
  entry.share = std::make_unique<ReadBudget::Share>(budget_, entry.tenant);
  entry.client->ReadList(
      insist,
      [share = entry.share.get()](size_t bytes) -> std::optional<std::string> {
        if (share->Take(bytes)) return std::nullopt;
        return share->refusal();
      },
      [this, &entry, start = clock_.Now()](HubReadOutcome outcome) {
        OnOutcome(entry, start, std::move(outcome));
      });
}

void HttpHubReader::OnOutcome(Entry& entry, absl::Time start, HubReadOutcome outcome) {
  core::HubReadResult result = core::HubList{};
  if (auto* const failed = std::get_if<HubFailure>(&outcome)) {
    log::Warning("hub not read",
                 {{"code", TextOf(failed->failure.code)}, {"detail", failed->failure.detail}});
    result = core::HubUnread(std::move(failed->failure), failed->retry_after);
  } else {
    auto& list = std::get<core::HubList>(outcome);
    log::Debug("hub read", {{"instances", list.instances.size()},
                            {"whole", list.whole},
                            {"took", clock_.Now() - start}});
    result = std::move(list);
  }
  const TenantId tenant = entry.tenant;
  entry.share.reset();
  std::vector<Done> waiting;
  {
    MutexLock lock(&mu_);
    waiting.swap(entry.waiting);  // From here on `entry` may be forgotten.
  }
  for (size_t i = 0; i + 1 < waiting.size(); ++i) waiting[i](result);
  waiting.back()(std::move(result));
  gate_.Leave(tenant);
}

void HttpHubReader::ForgetIdle(absl::Time now) {
  for (auto it = entries_.begin(); it != entries_.end();) {
    const auto next = std::next(it);
    const Entry& entry = *it->second;
    if (entry.waiting.empty() && now - entry.last_use > options_.idle_lifetime) entries_.erase(it);
    it = next;
  }
}

}  // namespace muster::hub
