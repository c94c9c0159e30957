// The dispatcher's part of the zone lock (invariant 6), with everything before it left out: no
// admission has looked at the session, and the table of zones may be wrong.
#include "orchestrator/core/dispatch/dispatcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/failure_code.h"
#include "tests/orchestrator/core/core_bench.h"

namespace muster::core {
namespace {

class RecordingLink final : public WorkerLink {
 public:
  void SendCommand(SessionId, OutboundCommand command) override {
    secrets.push_back(std::string(command.joining_secret.Reveal()));
  }
  void SendResultAck(SessionId, const CommandId&) override {}
  void SendCancel(SessionId, const CommandId&) override {}
  void SendZonePin(SessionId, const ZonePin&) override {}
  void End(SessionId, const Failure&, bool) override {}

  std::vector<std::string> secrets;
};

class DispatcherTest : public CoreBench {
 protected:
  void SetUp() override {
    Build(2);  // Server 0 is of tenant-0, server 1 of tenant-1.
    control_ = std::make_unique<TurnControl>(world_->faulty_store(), strand_, nullptr,
                                             world_->clock(), 100, nullptr);
    agenda_ = std::make_unique<Agenda>(*control_, world_->clock(), world_->clock());
    dispatcher_ = std::make_unique<Dispatcher>(DispatchOptions{}, *agenda_, ids_, world_->vault(),
                                               link_, zones_);
  }

  // Sends a join to server 0 over a session whose certificate is of `certificate_zone`.
  std::optional<Failure> Send(const ZoneId& certificate_zone) {
    const ServerId server = world_->servers()[0];
    Session session;
    session.id = 7;
    session.server_id = server;
    session.zone_id = certificate_zone;
    session.ready = true;
    dispatcher_->sessions().Put(std::move(session));
    Delivery delivery;
    delivery.server_id = server;
    delivery.zone_id = zone_;
    delivery.kind = store::CommandKind::kJoin;
    std::optional<Failure> refused;
    const absl::Status status = control_->RunNow([&](Turn& turn) {
      ServerChange change(turn, kSystemActor, "command.sent", server, zone_);
      const auto not_sent = dispatcher_->Send(turn, change, delivery);
      EXPECT_TRUE(not_sent.ok()) << not_sent.status();
      if (not_sent.ok() && not_sent->has_value()) refused = (*not_sent)->failure;
      return change.Record();
    });
    EXPECT_TRUE(status.ok()) << status;
    return refused;
  }

  ManualStrand strand_;
  SeededRandom random_{5};
  OrderedIds ids_{random_};
  RecordingLink link_;
  ZoneTable zones_;
  std::unique_ptr<TurnControl> control_;
  std::unique_ptr<Agenda> agenda_;
  std::unique_ptr<Dispatcher> dispatcher_;
};

TEST_F(DispatcherTest, SendsTheZonesKeyToAWorkerOfTheZone) {
  EXPECT_FALSE(Send(zone_).has_value());
  EXPECT_THAT(link_.secrets, testing::ElementsAre("secret-0"));
}

TEST_F(DispatcherTest, RefusesACertificateOfAnotherZone) {
  const std::optional<Failure> refused = Send(ZoneId("tenant-1/prod"));
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->code, FailureCode::kDispatchZoneLock);
  EXPECT_THAT(link_.secrets, testing::IsEmpty());
  EXPECT_EQ(dispatcher_->FindOpen(world_->servers()[0]), nullptr);
}

TEST_F(DispatcherTest, RefusesAKeyOfAnotherZone) {
  ASSERT_TRUE(control_
                  ->RunNow([&](Turn& turn) {
                    // As if the table had mixed up its rows.
                    auto* entry = const_cast<ZoneEntry*>(*zones_.Find(turn, zone_));
                    entry->key = (*zones_.Find(turn, ZoneId("tenant-1/prod")))->key;
                    return absl::OkStatus();
                  })
                  .ok());
  const std::optional<Failure> refused = Send(zone_);
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->code, FailureCode::kDispatchZoneLock);
  EXPECT_THAT(link_.secrets, testing::IsEmpty());
}

}  // namespace
}  // namespace muster::core
