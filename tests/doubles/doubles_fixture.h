// What the tests of the doubles share: a hub, a fleet and a client on one clock that only the test
// moves.
#ifndef MUSTER_TESTS_DOUBLES_DOUBLES_FIXTURE_H_
#define MUSTER_TESTS_DOUBLES_DOUBLES_FIXTURE_H_

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "tests/doubles/http/blocking_client.h"
#include "tests/doubles/hub/hub_double.h"
#include "tests/doubles/service/service_fleet.h"
#include "tests/fakes/new_folder.h"

namespace muster::doubles {

inline constexpr char kJoinSecret[] = "join-secret-canary";

class DoublesTest : public testing::Test {
 protected:
  ~DoublesTest() override {
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
  }

  std::unique_ptr<HubDouble> StartHub(HubOptions options = {}) {
    options.clock = clock_;
    options.secret = kJoinSecret;
    options.keys.push_back({"viewer", "viewer-secret", "hub_viewer_role"});
    options.keys.push_back({"root", "root-secret", "sysadmin_role"});
    auto hub = HubDouble::Start(std::move(options));
    EXPECT_TRUE(hub.ok()) << hub.status();
    return *std::move(hub);
  }
  std::unique_ptr<HubDouble> StartHub(HubProfile profile) {
    HubOptions options;
    options.profile = profile;
    return StartHub(std::move(options));
  }

  std::unique_ptr<ServiceFleet> StartFleet(int count, FleetOptions options = {}) {
    options.count = count;
    options.clock = clock_;
    options.app_data_root = Folder();
    auto fleet = ServiceFleet::Start(std::move(options));
    EXPECT_TRUE(fleet.ok()) << fleet.status();
    return *std::move(fleet);
  }
  std::unique_ptr<ServiceFleet> StartFleet(int count, ServiceProfile profile) {
    FleetOptions options;
    options.service.profile = profile;
    return StartFleet(count, std::move(options));
  }

  const std::string& Folder() {
    if (folder_.empty()) folder_ = NewFolder("doubles");
    return folder_;
  }

  static ClientRequest JoinRequest(ServiceDouble& service, const std::string& hub_url,
                                   const std::string& secret = kJoinSecret,
                                   const std::string& verb = "join") {
    ClientRequest request;
    request.method = "POST";
    request.url = service.url() + "/api/system/hub/" + verb;
    request.body =
        DumpJson(Json{{"url", hub_url}, {"clientId", "managedinstance_sp_01"}, {"secret", secret}});
    return request;
  }
  // The ActionResult of a join; null when there was no 200 with JSON.
  Json Join(ServiceDouble& service, const std::string& hub_url,
            const std::string& secret = kJoinSecret, const std::string& verb = "join") {
    return BodyOf(client_.Call(JoinRequest(service, hub_url, secret, verb)));
  }
  static Json BodyOf(const ClientResult& result) {
    return ParseJson(result.response.body).value_or(Json(nullptr));
  }
  bool StatusSaysConnected(ServiceDouble& service) {
    return JsonBool(BodyOf(client_.Get(service.url() + "/api/system/hub/status")), "isSuccess");
  }

  // The hub's list, without the hub itself.
  Json List(HubDouble& hub) {
    Json others = Json::array();
    const Json list = BodyOf(client_.Get(hub.url() + "/internal/v1/hub/instances", Viewer()));
    for (const Json& item : list) {
      if (JsonText(item, "id") != hub.instance_id()) others.push_back(item);
    }
    return others;
  }
  static Fields Viewer() { return Token("viewer", "viewer-secret"); }
  static Fields Root() { return Token("root", "root-secret"); }
  static Fields Token(const std::string& id, const std::string& secret) {
    return {{"X-Client-ID", id}, {"X-Client-Secret", secret}};
  }
  // The headers of a register or joincheck call.
  static Fields Joining(const std::string& instance_id = "", const std::string& name = "WEB-1") {
    Fields headers = Token("managedinstance_sp_01", kJoinSecret);
    headers.emplace_back("X-Certify-Trace-InstanceName", name);
    if (!instance_id.empty()) headers.emplace_back("X-Certify-HubAssignedId", instance_id);
    return headers;
  }
  ClientResult Register(HubDouble& hub, const Fields& headers) {
    return client_.Get(hub.url() + "/api/v1/hub/register", headers);
  }
  ClientResult Joincheck(HubDouble& hub, const Fields& headers, const std::string& query = "") {
    return client_.Get(hub.url() + "/api/v1/hub/joincheck/" + query, headers);
  }

  std::shared_ptr<SimClock> clock_ = SimClock::Manual();
  BlockingClient client_;

 private:
  std::string folder_;
};

}  // namespace muster::doubles

#endif  // MUSTER_TESTS_DOUBLES_DOUBLES_FIXTURE_H_
