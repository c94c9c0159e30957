#include "tests/orchestrator/api/api_bench.h"

#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "orchestrator/core/core.h"
#include "store/sqlite/sqlite_store.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/manual_strand.h"
#include "tests/orchestrator/api/two_tenants.h"
#include "tests/orchestrator/evidence/pack_fixture.h"
#include "tests/sim/sim_audit.h"
#include "tests/sim/sim_vault.h"

namespace muster::api {
namespace {

// No hub is read: each answer says so at once.
class NoHubs final : public core::HubReader {
 public:
  void Read(core::HubReadRequest, absl::AnyInvocable<void(core::HubReadResult)> done) override {
    done(core::HubUnread(Failure{*FindFailureCode("E-HUB-UNREACHABLE"), "no hub is here"}));
  }
};

// Every hub is well.
class GoodHubs final : public core::HubChecker {
 public:
  void Check(core::HubReadRequest,
             absl::AnyInvocable<void(std::vector<core::HubCheckStep>)> done) override {
    done({{"dns", core::HubCheckStep::Result::kOk, "resolves", ""}});
  }
};

class NoWorkers final : public core::WorkerLink {
 public:
  void SendCommand(core::SessionId, core::OutboundCommand) override {}
  void SendResultAck(core::SessionId, const CommandId&) override {}
  void SendCancel(core::SessionId, const CommandId&) override {}
  void SendZonePin(core::SessionId, const core::ZonePin&) override {}
  void End(core::SessionId, const Failure&, bool) override {}
};

class AllConnected final : public core::ConnectedServers {
 public:
  int Count() const override { return 1000; }
  bool IsConnected(const ServerId&) const override { return true; }
};

class SomeFacts final : public SystemFacts {
 public:
  SystemReport Report() const override {
    return {.ready = true,
            .checks = {{"disk", SystemCheck::Result::kOk, "room enough", "", false},
                       {"workers' certificates", SystemCheck::Result::kWarning, "3 of bravo's", "",
                        true}}};
  }
};

class FirstMessage final : public StreamSink {
 public:
  explicit FirstMessage(Message* into) : into_(into) {}
  void Write(const Message& message) override {
    if (!written) into_->CopyFrom(message);
    written = true;
  }
  void Finish(const absl::Status& status) override { finished = status; }

  bool written = false;
  std::optional<absl::Status> finished;

 private:
  Message* const into_;
};

class LastMessage final : public StreamSink {
 public:
  void Write(const Message& message) override {
    last.reset(message.New());
    last->CopyFrom(message);
  }
  void Finish(const absl::Status& status) override { finished = status; }

  std::unique_ptr<Message> last;  // Null: nothing was written since it was taken.
  std::optional<absl::Status> finished;
};

void DropTimes(Message& message) {
  const auto* reflection = message.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const auto* field : fields) {
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (field->message_type()->full_name() == "google.protobuf.Timestamp") {
      reflection->ClearField(&message, field);
    } else if (field->is_repeated()) {
      for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
        DropTimes(*reflection->MutableRepeatedMessage(&message, field, i));
      }
    } else {
      DropTimes(*reflection->MutableMessage(&message, field));
    }
  }
}

}  // namespace

std::string TextOf(const Message& message) {
  const std::unique_ptr<Message> copy(message.New());
  copy->CopyFrom(message);
  DropTimes(*copy);
  return copy->DebugString();
}

struct ApiBench::Parts {
  explicit Parts(uint64_t seed) : random(seed) {}

  FakeClock clock{kFleetTime};
  SeededRandom random;
  ManualStrand strand;
  ManualExecutor pool;
  sim::SimVault vault;
  sim::SimAuditKey audit_key;
  sim::SimHeadBook head_book;
  evidence::TestPackKey evidence_key;
  NoHubs hubs;
  GoodHubs hub_checker;
  NoWorkers workers;
  AllConnected connected;
  SomeFacts facts;
  RolloutWatchers watchers{clock, clock};
  LongCalls long_calls;
  Revocations revocations{watchers, long_calls};
  std::unique_ptr<core::Core> core;
  rpc::RoleTable roles = *rpc::RoleTable::Create(rpc::ServiceFiles());
  std::optional<Dependencies> dependencies;
};

ApiBench::ApiBench(const Image& image) : image_(image) {
  log::SetSinkForTesting([](absl::string_view) {});
  const std::string path = dir_ / "muster.db";
  if (!image.database.empty()) {
    std::ofstream(path, std::ios::binary) << image.database;
  }
  store_ = *store::SqliteStore::Open(
      {.path = path, .now = kFleetTime, .quick_check = false, .durable = false});
  // Other dice than those that made the image's ids.
  parts_ = std::make_unique<Parts>(image.database.empty() ? 7 : 8);
  Parts& p = *parts_;
  p.core = std::make_unique<core::Core>(core::CoreDependencies{
      *store_, p.strand, nullptr, p.clock, p.clock, p.random, p.vault, p.hubs, p.workers,
      p.watchers, core::CoreOptions(), &p.audit_key, &p.head_book, &p.revocations});
  EXPECT_TRUE(p.core->Start().ok());
  p.dependencies.emplace(Dependencies{.roles = p.roles,
                                      .operations = p.core->operations(),
                                      .authority = FleetAuthority(),
                                      .store = *store_,
                                      .audit_key = p.audit_key,
                                      .head_book = p.head_book,
                                      .evidence_key = p.evidence_key,
                                      .evidence_folder = dir_.path(),
                                      .connected = p.connected,
                                      .hub_checker = p.hub_checker,
                                      .watchers = p.watchers,
                                      .long_calls = p.long_calls,
                                      .revocations = p.revocations,
                                      .pool = p.pool,
                                      .status_pool = p.pool,
                                      .facts = p.facts,
                                      .clock = p.clock,
                                      .random = p.random,
                                      .bootstrap_address = "muster.example:8444",
                                      .admin_address = [] { return "muster.example:8445"; },
                                      .start_time = kFleetTime});
  auto api = AdminApi::Create(*p.dependencies);
  EXPECT_TRUE(api.ok()) << api.status();
  api_ = *std::move(api);
}

const Dependencies& ApiBench::dependencies() const { return *parts_->dependencies; }
Revocations& ApiBench::revocations() { return parts_->revocations; }

ApiBench::~ApiBench() {
  Stop();
  log::SetSinkForTesting(nullptr);
}

std::string ApiBench::TakeDatabase() {
  Stop();
  store_.reset();
  std::ifstream file(dir_ / "muster.db", std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

void ApiBench::Stop() {
  if (parts_ == nullptr) return;
  parts_->watchers.EndAll(absl::UnavailableError("stopped"));
  parts_->core->Stop();
  parts_->pool.DropAll();
  parts_->strand.DropAll();
  parts_.reset();
  api_.reset();
}

bool ApiBench::RunUntil(const std::function<bool()>& done) {
  for (int second = 0; second < 120; ++second) {
    while (parts_->pool.size() + parts_->strand.size() > 0) {
      parts_->pool.RunUntilIdle();
      parts_->strand.RunUntilIdle();
    }
    if (done()) return true;
    parts_->clock.Advance(absl::Seconds(1));
  }
  return false;
}

absl::Status ApiBench::Collect(const std::string& op, const std::string& path,
                               const Message& request, const OnMessage& on_message) {
  const Method& method = *api_->Find(path);
  const Credentials credentials =
      op == "provider" ? Credentials{Door::kLocalSocket, ""} : image_.operators.at(op);
  LastMessage sink;
  const auto stream = api_->Watch(method, credentials, request);
  stream->Begin(sink);
  while (RunUntil([&] { return sink.last != nullptr || sink.finished.has_value(); }) &&
         sink.last != nullptr) {
    const std::unique_ptr<Message> message = std::move(sink.last);
    on_message(*message);
    stream->OnWriteDone(true);
  }
  stream->OnDone();
  return sink.finished.value_or(absl::DeadlineExceededError("no end"));
}

absl::Status ApiBench::CallInto(const std::string& op, const Method& method, const Message& request,
                                Message* response) {
  const Credentials credentials =
      op == "provider" ? Credentials{Door::kLocalSocket, ""} : image_.operators.at(op);
  if (method.stream != nullptr) {
    FirstMessage sink(response);
    const auto stream = api_->Watch(method, credentials, request);
    stream->Begin(sink);
    EXPECT_TRUE(RunUntil([&] { return sink.written || sink.finished.has_value(); }));
    const absl::Status status = sink.finished.value_or(absl::OkStatus());
    if (sink.written) stream->OnWriteDone(false);
    stream->OnDone();
    return status;
  }
  auto copy = std::unique_ptr<Message>(request.New());
  copy->CopyFrom(request);
  std::optional<absl::Status> answered;
  api_->Call(method, credentials, std::move(copy),
             [&](const absl::Status& status, const Message& answer) {
               EXPECT_FALSE(answered.has_value()) << method.path << " answers twice";
               answered = status;
               if (status.ok()) response->CopyFrom(answer);
             });
  EXPECT_TRUE(RunUntil([&] { return answered.has_value(); })) << method.path << " never answers";
  return answered.value_or(absl::DeadlineExceededError("no answer"));
}

Outcome ApiBench::Call(const std::string& op, const Method& method, const Message& request) {
  const std::unique_ptr<Message> response(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(method.response)->New());
  Outcome outcome;
  outcome.status = CallInto(op, method, request, response.get());
  outcome.text = TextOf(*response);
  return outcome;
}

Outcome ApiBench::Call(const std::string& op, const std::string& path, const Message& request) {
  return Call(op, *api_->Find(path), request);
}

}  // namespace muster::api
