// The machines that use a worker's identity.
#include "tests/store/contract/store_contract.h"

namespace muster::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

IdentityMachine MakeMachine(absl::string_view id, const Server& server,
                            MachineStanding standing = MachineStanding::kKnown) {
  IdentityMachine machine;
  machine.id = MachineId(id);
  machine.server_id = server.id;
  machine.standing = standing;
  machine.shown = "3-abc";
  machine.issued = {"4-def", "5-ghi"};
  machine.machine_name = "WEB-1";
  machine.machine_id_hash = "0123";
  machine.boot = "4567";
  machine.address = "10.0.0.1";
  machine.first_seen = At(10);
  machine.last_seen = At(20);
  machine.returned_time = At(15);
  return machine;
}

TEST_P(StoreContract, AMachineKeepsEveryField) {
  const Server server = MakeServer("web-1");
  const IdentityMachine machine = MakeMachine("mch-1", server, MachineStanding::kCloned);
  Change([&](Transaction& t) {
    EXPECT_OK(t.servers().Insert(server));
    EXPECT_OK(t.machines().Put(machine));
  });
  const auto read = *Read()->machines().ListOf(server.id);
  ASSERT_THAT(read, SizeIs(1));
  EXPECT_EQ(read[0].id, machine.id);
  EXPECT_EQ(read[0].server_id, server.id);
  EXPECT_EQ(read[0].standing, MachineStanding::kCloned);
  EXPECT_EQ(read[0].shown, "3-abc");
  EXPECT_THAT(read[0].issued, ElementsAre("4-def", "5-ghi"));
  EXPECT_EQ(read[0].machine_name.str(), "WEB-1");
  EXPECT_EQ(read[0].machine_id_hash.str(), "0123");
  EXPECT_EQ(read[0].boot.str(), "4567");
  EXPECT_EQ(read[0].address, "10.0.0.1");
  EXPECT_EQ(read[0].first_seen, At(10));
  EXPECT_EQ(read[0].last_seen, At(20));
  EXPECT_EQ(read[0].returned_time, At(15));
  IdentityMachine later = machine;
  later.standing = MachineStanding::kKnown;
  later.issued = {};
  later.last_seen = At(30);
  later.returned_time.reset();
  Change([&](Transaction& t) { EXPECT_OK(t.machines().Put(later)); });
  const auto again = *Read()->machines().ListOf(server.id);
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(again[0].standing, MachineStanding::kKnown);
  EXPECT_THAT(again[0].issued, IsEmpty());
  EXPECT_EQ(again[0].last_seen, At(30));
  EXPECT_EQ(again[0].returned_time, std::nullopt);
}

TEST_P(StoreContract, ContestedMachinesAreFoundByZoneAndGoWithTheirServer) {
  const Server one = MakeServer("one");
  const Server two = MakeServer("two", kTest);
  Change([&](Transaction& t) {
    EXPECT_OK(t.servers().Insert(one));
    EXPECT_OK(t.servers().Insert(two));
    EXPECT_OK(t.machines().Put(MakeMachine("mch-1", one)));
    EXPECT_OK(t.machines().Put(MakeMachine("mch-2", one, MachineStanding::kPutOut)));
    EXPECT_OK(t.machines().Put(MakeMachine("mch-3", two, MachineStanding::kCloned)));
  });
  const auto ids = [](const std::vector<IdentityMachine>& machines) {
    std::vector<std::string> out;
    for (const IdentityMachine& machine : machines) out.push_back(machine.id.value());
    return out;
  };
  EXPECT_THAT(ids(*Read()->machines().ListOf(one.id)), ElementsAre("mch-1", "mch-2"));
  EXPECT_THAT(ids(*Read()->machines().ListContested(kProd)), ElementsAre("mch-2"));
  EXPECT_THAT(ids(*Read()->machines().ListContested(kTest)), ElementsAre("mch-3"));
  EXPECT_THAT(ids(*Read()->machines().ListContested(ZoneId())), ElementsAre("mch-2", "mch-3"));
  Change([&](Transaction& t) {
    EXPECT_OK(t.machines().Delete(MachineId("mch-2")));
    EXPECT_OK(t.machines().Delete(MachineId("mch-nobody")));
    EXPECT_OK(t.servers().Delete(two.id));
  });
  EXPECT_THAT(ids(*Read()->machines().ListContested(ZoneId())), IsEmpty());
  EXPECT_THAT(*Read()->machines().ListOf(two.id), IsEmpty());
}

}  // namespace
}  // namespace muster::store
