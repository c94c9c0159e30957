// What every implementation of store::Store must do. The tests know the interface alone; an
// implementation is added in instantiate.cc.
#ifndef MUSTER_TESTS_STORE_CONTRACT_STORE_CONTRACT_H_
#define MUSTER_TESTS_STORE_CONTRACT_STORE_CONTRACT_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "store/interface/store.h"
#include "tests/base/sql/temp_dir.h"

namespace muster::store {

struct StoreFactory {
  std::string name;
  // A store in this empty directory. It may own more than itself.
  std::function<std::shared_ptr<Store>(const std::string& directory)> open;
};
// Those that are held to the contract (instantiate.cc).
std::vector<StoreFactory> Implementations();
inline void PrintTo(const StoreFactory& factory, std::ostream* os) { *os << factory.name; }

inline absl::StatusCode Code(const absl::Status& status) { return status.code(); }
template <typename T>
absl::StatusCode Code(const absl::StatusOr<T>& result) {
  return result.status().code();
}

#define EXPECT_OK(expression) EXPECT_EQ((expression), absl::OkStatus())
#define ASSERT_OK(expression) ASSERT_EQ((expression), absl::OkStatus())

inline absl::Time At(int seconds) { return absl::FromUnixSeconds(1'790'000'000 + seconds); }

inline const TenantId kAcme("acme");
inline const ZoneId kProd("acme/prod");
inline const ZoneId kTest("acme/test");

class StoreContract : public testing::TestWithParam<StoreFactory> {
 protected:
  // Every test starts with tenant acme and its zones prod and test.
  void SetUp() override {
    store_ = GetParam().open(dir_.path());
    ASSERT_NE(store_, nullptr);
    Change([](Transaction& t) {
      EXPECT_OK(t.tenants().Put({kAcme, "Acme Inc", At(0)}));
      EXPECT_OK(t.zones().Put(MakeZone(kProd)));
      EXPECT_OK(t.zones().Put(MakeZone(kTest)));
    });
  }

  // A committed transaction.
  void Change(const std::function<void(Transaction&)>& change) {
    auto transaction = store_->Begin();
    ASSERT_OK(transaction.status());
    change(**transaction);
    ASSERT_OK((*transaction)->Commit());
  }
  std::unique_ptr<Snapshot> Read() const {
    auto snapshot = store_->Read();
    EXPECT_OK(snapshot.status());
    return *std::move(snapshot);
  }

  static Zone MakeZone(const ZoneId& id) {
    return Zone{.id = id,
                .tenant_id = TenantOf(id),
                .display_name = "Zone",
                .hub_url = "https://hub",
                .create_time = At(0)};
  }
  static Server MakeServer(absl::string_view name, const ZoneId& zone = kProd) {
    return Server{.id = ServerId(absl::StrCat("srv-", zone.value(), "-", name)),
                  .tenant_id = TenantOf(zone),
                  .zone_id = zone,
                  .name = std::string(name),
                  .create_time = At(1)};
  }
  static JoiningKeyVersion MakeKey(const ZoneId& zone, int version) {
    return JoiningKeyVersion{.id = KeyVersionId(absl::StrCat("key-", zone.value(), "-", version)),
                             .zone_id = zone,
                             .version = version,
                             .client_id = "client",
                             .secret = {std::string("\0sealed\xff", 8)},
                             .create_time = At(2)};
  }
  static Rollout MakeRollout(absl::string_view id, int created = 3) {
    return Rollout{.id = RolloutId(id),
                   .state = RolloutState::kRunning,
                   .max_concurrency = "10%",
                   .max_failures = "0",
                   .max_in_doubt = "2%",
                   .created_by = "operator:opr-1",
                   .create_time = At(created),
                   .deadline = At(1000)};
  }
  static Target MakeTarget(const RolloutId& rollout, const Server& server) {
    return Target{.rollout_id = rollout,
                  .server_id = server.id,
                  .zone_id = server.zone_id,
                  .name = server.name};
  }
  static Command MakeCommand(absl::string_view id, const Server& server) {
    return Command{.id = CommandId(id),
                   .server_id = server.id,
                   .zone_id = server.zone_id,
                   .kind = CommandKind::kJoin,
                   .create_time = At(4),
                   .expire_time = At(100)};
  }
  static Attempt MakeAttempt(absl::string_view id, const Command& command, int created = 5) {
    return Attempt{.id = AttemptId(id),
                   .command_id = command.id,
                   .server_id = command.server_id,
                   .kind = command.kind,
                   .create_time = At(created)};
  }
  static std::vector<std::string> NamesOf(const std::vector<Server>& servers) {
    std::vector<std::string> names;
    for (const Server& server : servers) names.push_back(server.name);
    return names;
  }

  sql::TempDir dir_;
  std::shared_ptr<Store> store_;
};

}  // namespace muster::store

#endif  // MUSTER_TESTS_STORE_CONTRACT_STORE_CONTRACT_H_
