// The admin API over a whole core and store, without gRPC, threads or time that passes by itself;
// and a provider with two tenants, alpha and bravo, who have one of everything each. Whatever is
// named in them bears their name.
#ifndef MUSTER_TESTS_ORCHESTRATOR_API_API_BENCH_H_
#define MUSTER_TESTS_ORCHESTRATOR_API_API_BENCH_H_

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "orchestrator/api/admin_api.h"
#include "orchestrator/api/dependencies.h"
#include "orchestrator/api/revocations.h"
#include "store/interface/store.h"
#include "tests/base/sql/temp_dir.h"

namespace muster::api {

// What a caller hears: the status, and every answer as text without its times.
struct Outcome {
  absl::Status status;
  std::string text;
};

// A database, and those who may call.
struct Image {
  std::string database;                      // Content of the file.
  std::map<std::string, std::string> names;  // "bravo.server_id" → "srv-…", for what has no name.
  std::map<std::string, Credentials> operators;  // By name: "alpha-viewer"; "provider".
};
// alpha and bravo; made once.
const Image& TwoTenants();

class ApiBench {
 public:
  explicit ApiBench(const Image& image);
  ~ApiBench();

  const AdminApi& api() const { return *api_; }
  // What its calls work with.
  const Dependencies& dependencies() const;
  Revocations& revocations();
  store::Store& store() { return *store_; }
  // Ends everything; the content of the database's file.
  std::string TakeDatabase();
  // Calls and runs what follows until the answer is there. Of a stream: its first message or its
  // end.
  Outcome Call(const std::string& op, const Method& method, const Message& request);
  Outcome Call(const std::string& op, const std::string& path, const Message& request);
  // The same with typed answers; OK or the test fails.
  template <typename Response, typename Request>
  Response Get(const std::string& op, const std::string& path, const Request& request) {
    Response response;
    const absl::Status status = CallInto(op, *api_->Find(path), request, &response);
    EXPECT_TRUE(status.ok()) << path << ": " << status;
    return response;
  }
  absl::Status CallInto(const std::string& op, const Method& method, const Message& request,
                        Message* response);
  // All messages of a stream; its end.
  using OnMessage = std::function<void(const Message&)>;
  absl::Status Collect(const std::string& op, const std::string& path, const Message& request,
                       const OnMessage& on_message);
  const std::string& folder() const { return dir_.path(); }

 private:
  struct Parts;
  void Stop();
  bool RunUntil(const std::function<bool()>& done);

  const Image& image_;
  sql::TempDir dir_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Parts> parts_;
  std::unique_ptr<AdminApi> api_;
};

// Without the times in it, which are the clock's.
std::string TextOf(const Message& message);

}  // namespace muster::api

#endif  // MUSTER_TESTS_ORCHESTRATOR_API_API_BENCH_H_
