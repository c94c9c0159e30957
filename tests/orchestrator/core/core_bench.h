// The core in a perfect simulated world, with short words for what tests of it do.
#ifndef MUSTER_TESTS_ORCHESTRATOR_CORE_CORE_BENCH_H_
#define MUSTER_TESTS_ORCHESTRATOR_CORE_CORE_BENCH_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/failure.h"
#include "base/failure_code.h"
#include "tests/sim/sim_world.h"

namespace muster::core {

class CoreBench : public testing::Test {
 protected:
  void Build(int servers, int offline = 0, CoreOptions options = {}) {
    sim::WorldOptions world;
    world.servers = servers;
    world.offline = offline;
    world.core = std::move(options);
    world.work_watch = work_watch_;
    world_ = std::make_unique<sim::SimWorld>(std::move(world));
    world_->RunFor(absl::Minutes(1));
  }
  const Operations& operations() { return world_->operations(); }
  template <typename T, typename Call>
  absl::StatusOr<T> Ask(Call call) {
    return world_->Ask<T>([&](Answer<T> done) { call(std::move(done)); });
  }
  absl::StatusOr<CreatedToken> MakeToken(TokenInput input) {
    if (input.zone_id.empty()) input.zone_id = zone_;
    return Ask<CreatedToken>([&](auto done) {
      operations().tokens.Call(&TokenOperations::Create, std::move(done), operator_, input);
    });
  }
  absl::StatusOr<BootstrapGrant> Bootstrap(const std::string& hash, const std::string& name,
                                           const std::string& key) {
    BootstrapRequest request;
    request.secret_hash = hash;
    request.server_name = name;
    request.address = "10.9.9.9";
    request.public_key_hash = key;
    return Ask<BootstrapGrant>([&](auto done) {
      operations().admission.Call(&AdmissionOperations::Bootstrap, std::move(done), request);
    });
  }
  absl::StatusOr<store::WorkerCertificate> Certify(const BootstrapGrant& grant,
                                                   const std::string& id, const std::string& key) {
    store::WorkerCertificate certificate;
    certificate.id = CertificateId(id);
    certificate.server_id = grant.server_id;
    certificate.zone_id = grant.zone.id;
    certificate.token_id = grant.token_id;
    certificate.public_key_hash = key;
    certificate.not_before = world_->clock().Now();
    certificate.not_after = world_->clock().Now() + absl::Hours(24);
    certificate.create_time = world_->clock().Now();
    return Ask<store::WorkerCertificate>([&](auto done) {
      operations().admission.Call(&AdmissionOperations::RecordCertificate, std::move(done),
                                  certificate);
    });
  }
  absl::StatusOr<store::Rollout> Start(RolloutInput input = {}) {
    input.max_concurrency = input.max_concurrency.empty() ? "100%" : input.max_concurrency;
    return world_->StartJoin(std::move(input));
  }
  bool Finishes(const RolloutId& id, absl::Duration within) {
    return world_->RunUntil([&] { return IsFinal(world_->RolloutNow(id).state); }, within);
  }

  WorkWatch* work_watch_ = nullptr;  // Of what Build() makes.
  std::unique_ptr<sim::SimWorld> world_;
  const Actor operator_ = sim::SimWorld::Operator();
  const ZoneId zone_{"tenant-0/prod"};
};

#define EXPECT_FAILS_WITH(expression, code)                                            \
  do {                                                                                 \
    const auto& result_ = (expression);                                                \
    EXPECT_EQ(FailureCodeOf(result_.status()), FailureCode::code) << result_.status(); \
  } while (false)

}  // namespace muster::core

#endif  // MUSTER_TESTS_ORCHESTRATOR_CORE_CORE_BENCH_H_
