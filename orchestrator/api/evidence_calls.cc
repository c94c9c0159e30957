// muster.admin.v1.EvidenceService.
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "muster/admin/v1/evidence.pb.h"
#include "orchestrator/api/call_table.h"
#include "orchestrator/api/evidence_content.h"
#include "orchestrator/api/evidence_stream.h"
#include "orchestrator/api/requests.h"
#include "orchestrator/api/values.h"

namespace muster::api {
namespace {

namespace admin = muster::admin::v1;

constexpr absl::Duration kLooksBack = absl::Hours(24 * 30);
constexpr size_t kMostPacks = 8;  // Under way at once: each is a file on the orchestrator's disk.

// Who is at a pack. One has one at a time, so that nobody takes all places.
class PackPlaces {
 public:
  // Null when there is none left for them. The place is given back with the pointer.
  std::shared_ptr<void> Take(const std::string& actor) {
    const auto taken = taken_;
    {
      MutexLock lock(&taken->mu);
      if (taken->actors.size() >= kMostPacks || !taken->actors.insert(actor).second) return nullptr;
    }
    return std::shared_ptr<void>(taken.get(), [taken, actor](void*) {
      MutexLock lock(&taken->mu);
      taken->actors.erase(actor);
    });
  }

 private:
  struct Taken {
    Mutex mu;
    std::set<std::string> actors ABSL_GUARDED_BY(mu);
  };
  const std::shared_ptr<Taken> taken_ = std::make_shared<Taken>();
};

class EvidenceCalls final : public Calls {
 public:
  static constexpr char kService[] = "muster.admin.v1.EvidenceService";
  using Calls::Calls;

  absl::Status GetEvidenceKey(const Context&, const admin::GetEvidenceKeyRequest&,
                              admin::EvidenceKey& response) const {
    response.set_fingerprint(d_.evidence_key.fingerprint());
    response.set_public_pem(d_.evidence_key.public_pem());
    return absl::OkStatus();
  }

  std::shared_ptr<ServerStream> ExportEvidence(Claim claim,
                                               const admin::ExportEvidenceRequest& request) const {
    return std::make_shared<EvidenceStream>(
        d_.pool,
        [this, claim = std::move(claim), request](const std::shared_ptr<EvidenceStream>& stream) {
          return Open(claim, request, stream);
        });
  }

 private:
  // A caller's place, and the call that ends with their rights, with the store and with the process.
  struct Held {
    std::shared_ptr<void> place;
    std::shared_ptr<LongCalls::Call> call;
  };

  absl::StatusOr<std::shared_ptr<void>> Open(const Claim& claim,
                                             const admin::ExportEvidenceRequest& request,
                                             const std::shared_ptr<EvidenceStream>& stream) const {
    const absl::Time now = d_.clock.Now();
    EvidencePeriod period{
        .tenant = TenantId(request.tenant_id()),
        .since = request.has_since() ? FromProto(request.since()) : now - kLooksBack,
        .now = now};
    core::Actor actor;
    const absl::Status may = WithCaller(claim, [&](const Context& context) -> absl::Status {
      if (period.tenant.empty()) return InvalidRequest("tenant_id is missing");
      RETURN_IF_ERROR(CheckTenant(period.tenant, context.snapshot));
      if (period.since > now) return InvalidRequest("since lies ahead");
      actor = context.caller.actor;
      return absl::OkStatus();
    });
    RETURN_IF_ERROR(may);
    auto held = std::make_shared<Held>();
    held->place = places_.Take(actor.name);
    if (held->place == nullptr) {
      return absl::ResourceExhaustedError(
          "you are at another pack, or too many are under way; try again when one has ended");
    }
    held->call = d_.long_calls.Open(
        actor.name, [weak = std::weak_ptr<EvidenceStream>(stream)](const absl::Status& why) {
          if (const auto open = weak.lock()) open->End(why);
        });
    d_.operations.evidence.Call(
        &core::EvidenceOperations::Export,
        [this, stream, claim, period, name = actor.name](absl::StatusOr<int64_t> event) mutable {
          if (!event.ok()) return stream->End(event.status());
          period.last_sequence = *event;
          stream->Make([this, claim, period, name](const std::function<bool()>& stop) {
            return Make(claim, period, name, stop);
          });
        },
        actor, period.tenant, period.since);
    return std::shared_ptr<void>(held);
  }

  // Whoever is revoked meanwhile gets nothing: each page asks anew.
  absl::StatusOr<std::unique_ptr<MadeEvidence>> Make(const Claim& claim,
                                                     const EvidencePeriod& period,
                                                     const std::string& actor,
                                                     const std::function<bool()>& stop) const {
    evidence::Manifest manifest{.tenant = period.tenant.value(),
                                .since = period.since,
                                .made = period.now,
                                .taken_by = actor,
                                .muster_version = MUSTER_VERSION,
                                .orchestrator = d_.authority.Fingerprint()};
    const ReadPage read =
        [&](const std::function<absl::Status(const store::WalledSnapshot&)>& page) -> absl::Status {
      if (stop()) return absl::CancelledError("nobody waits for the pack any more");
      return WithCaller(
          claim, [&](const Context& context) { return page(context.snapshot.Of(period.tenant)); });
    };
    const absl::Time began = d_.clock.Now();
    ASSIGN_OR_RETURN(const auto writer,
                     evidence::PackWriter::Create(absl::StrCat(
                         d_.evidence_folder, "/", evidence::kMakingPrefix, d_.random.Base32(12))));
    RETURN_IF_ERROR(writer->Add(evidence::kKeyName, d_.evidence_key.public_pem()));
    RETURN_IF_ERROR(WriteEvidence(period, read, *writer, manifest));
    ASSIGN_OR_RETURN(const std::string path, writer->Seal(manifest, d_.evidence_key));
    auto made = std::make_unique<MadeEvidence>();
    std::error_code error;
    made->bytes = static_cast<int64_t>(std::filesystem::file_size(path, error));
    made->file.open(path, std::ios::binary);
    if (error || !made->file) return absl::UnavailableError("the pack cannot be read");
    log::Info("evidence pack made", {{"tenant", period.tenant},
                                     {"operator", actor},
                                     {"events", manifest.events},
                                     {"bytes", made->bytes},
                                     {"took", d_.clock.Now() - began}});
    return made;
  }

  mutable PackPlaces places_;
};

}  // namespace

void AddEvidenceCalls(CallTable& table, const Dependencies& d) {
  table.For<EvidenceCalls>(d)
      .Watch<admin::EvidenceChunk>("ExportEvidence", &EvidenceCalls::ExportEvidence)
      .Read("GetEvidenceKey", &EvidenceCalls::GetEvidenceKey);
}

}  // namespace muster::api
