// The implementations that are held to the contract.
#include "store/sqlite/sqlite_store.h"
#include "tests/fakes/fault_injecting_store.h"
#include "tests/store/contract/store_contract.h"

namespace muster::store {
namespace {

std::unique_ptr<Store> OpenSqlite(const std::string& directory) {
  auto store = SqliteStore::Open({.path = directory + "/muster.db", .now = At(0)});
  EXPECT_OK(store.status());
  return store.ok() ? *std::move(store) : nullptr;
}

struct PassThrough {
  explicit PassThrough(std::unique_ptr<Store> real) : inner(std::move(real)), outer(*inner) {}
  const std::unique_ptr<Store> inner;
  FaultInjectingStore outer;
};

std::shared_ptr<Store> OpenPassThrough(const std::string& directory) {
  auto both = std::make_shared<PassThrough>(OpenSqlite(directory));
  return std::shared_ptr<Store>(both, &both->outer);
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreContract, testing::ValuesIn(Implementations()),
                         [](const auto& test) { return test.param.name; });

}  // namespace

std::vector<StoreFactory> Implementations() {
  return {{"Sqlite", OpenSqlite}, {"FaultInjecting", OpenPassThrough}};
}

}  // namespace muster::store
