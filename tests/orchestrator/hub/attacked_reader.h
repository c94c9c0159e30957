// The whole reader of hubs over real sockets, and hubs of all manners to read: for the tests of what
// hostile ones cost others, and for the program that measures it.
#ifndef MUSTER_TESTS_ORCHESTRATOR_HUB_ATTACKED_READER_H_
#define MUSTER_TESTS_ORCHESTRATOR_HUB_ATTACKED_READER_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/blocking_pool.h"
#include "base/clock.h"
#include "base/failure_code.h"
#include "base/http/curl_multi_client.h"
#include "base/log.h"
#include "base/notification.h"
#include "base/random.h"
#include "orchestrator/hub/http_hub_reader.h"
#include "orchestrator/secrets/sealed_key_vault.h"
#include "tests/base/http/raw_server.h"

namespace muster::hub {

// Not thread-safe.
class AttackedReader {
 public:
  explicit AttackedReader(HubReaderOptions options = {})
      : vault_(*secrets::SealedKeyVault::Create(Secret::Take(std::string(32, 'k')), random_)),
        reader_(pool_, http_, *vault_, SystemClock(), options) {
    log::SetSinkForTesting([](absl::string_view) {});
  }
  ~AttackedReader() {
    Stop();
    pool_.Stop();
    release_.Notify();
    log::SetSinkForTesting(nullptr);
  }
  AttackedReader(const AttackedReader&) = delete;
  AttackedReader& operator=(const AttackedReader&) = delete;

  // Takes requests and never answers.
  http::RawServer& Hanging() {
    return Serve([this](const std::string&) {
      release_.WaitForNotification();
      return std::string();
    });
  }
  // Begins an answer and goes on with `more` for ever.
  http::RawServer& Endless(const std::string& begin, const std::string& more) {
    http::RawServer& server = Serve([begin](const std::string&) {
      return absl::StrCat("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", begin);
    });
    server.SendOn([more] { return more; });
    return server;
  }
  // A list of good records for ever.
  http::RawServer& EndlessList() {
    std::string records;
    while (records.size() < 100'000) {
      absl::StrAppend(&records,
                      R"({"id":"b7f1c9a5-6d0e-4a0b-9a57-0d5f6a1b2c3d","title":"a server"},)");
    }
    return Endless("[", records);
  }
  http::RawServer& Healthy(int records) {
    std::string list = R"([{"id":"own","clientName":"Certify Management Hub"})";
    for (int i = 0; i < records; ++i) {
      absl::StrAppend(&list, ",\n  {\"id\":\"instance-", i, "\",\"title\":\"web-", i,
                      "\",\"connectionStatus\":\"connected\",\"isPendingConnection\":false}");
    }
    list += "]";
    return Serve([list](const std::string& request) {
      return absl::StrContains(request, "/hub/instances")
                 ? http::Ok(list)
                 : http::Ok(R"({"instanceId":"own","version":{"version":"7.0"}})");
    });
  }

  // A reading, which outlives whoever looks at it.
  class Reading {
   public:
    bool ended() const { return ended_.HasBeenNotified(); }
    // These wait for its end.
    bool list() { return std::holds_alternative<core::HubList>(Result()); }
    // None when there is a list.
    std::optional<Failure> failure() {
      const auto* const unread = std::get_if<core::HubUnread>(&Result());
      return unread == nullptr ? std::nullopt : std::make_optional(unread->failure);
    }

   private:
    friend class AttackedReader;
    const core::HubReadResult& Result() {
      ended_.WaitForNotification();
      return *result_;
    }
    Notification ended_;
    std::optional<core::HubReadResult> result_;
  };

  // `server` as the hub of a zone of this tenant.
  std::shared_ptr<Reading> Read(const std::string& tenant, const http::RawServer& server) {
    core::HubReadRequest request{.zone_id = ZoneId(absl::StrCat(tenant, "/zone")),
                                 .tenant_id = TenantId(tenant),
                                 .hub_url = server.Url("")};
    request.verifier.kind = store::VerifierKind::kApiToken;
    // Each with credentials of its own, or they would share one reading.
    request.verifier.principal = absl::StrCat("reader ", ++readings_);
    request.verifier.secret =
        *vault_->Seal(Secret::CopyOf("secret"), core::VerifierBinding(request.zone_id));
    auto reading = std::make_shared<Reading>();
    reader_.Read(std::move(request), [reading](core::HubReadResult result) {
      reading->result_ = std::move(result);
      reading->ended_.Notify();
    });
    return reading;
  }

  // Ends all readings.
  void Stop() { http_.Stop(); }
  const ReadBudget& budget() const { return reader_.budget(); }

 private:
  http::RawServer& Serve(http::RawServer::Answer answer) {
    servers_.push_back(std::make_unique<http::RawServer>(std::move(answer)));
    return *servers_.back();
  }

  SeededRandom random_{1};
  std::unique_ptr<secrets::SealedKeyVault> vault_;
  Notification release_;
  std::vector<std::unique_ptr<http::RawServer>> servers_;
  http::CurlMultiClient http_;
  BlockingPool pool_{"hubs", 1};
  HttpHubReader reader_;
  int readings_ = 0;
};

}  // namespace muster::hub

#endif  // MUSTER_TESTS_ORCHESTRATOR_HUB_ATTACKED_READER_H_
