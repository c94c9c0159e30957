// Small makers that several tests of the worker share.
#ifndef MUSTER_TESTS_WORKER_WORKER_FIXTURE_H_
#define MUSTER_TESTS_WORKER_WORKER_FIXTURE_H_

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "absl/status/statusor.h"
#include "base/secret.h"
#include "muster/worker/v1/bootstrap.pb.h"
#include "muster/worker/v1/command.pb.h"
#include "proto/rpc/time.h"
#include "tests/fakes/new_folder.h"

namespace muster::worker {

// Searched for wherever it must not be.
inline constexpr char kCanary[] = "canary-7f3a-Secret+Of/The=Joining&Key";
inline constexpr char kHub[] = "https://hub.example:8443";
inline constexpr char kZone[] = "acme/prod";

inline v1::ZonePin Pin(const std::string& hub = kHub, bool allow_cli = false) {
  v1::ZonePin pin;
  pin.set_zone_id(kZone);
  pin.set_hub_url(hub);
  pin.set_allow_cli_join(allow_cli);
  return pin;
}

// For handlers alone: what a command brings is the secret itself (proto/rpc/joining_secret.h).
inline absl::StatusOr<Secret> PlainSecret(const v1::Command& command) {
  return Secret::CopyOf(command.join().sealed_joining_secret());
}

inline v1::Command JoinCommand(const std::string& id = "cmd-1",
                               const std::string& attempt = "att-1", const std::string& hub = kHub,
                               bool takeover = false) {
  v1::Command command;
  command.set_command_id(id);
  command.set_attempt_id(attempt);
  command.set_zone_id(kZone);
  command.mutable_join()->set_hub_url(hub);
  command.mutable_join()->set_joining_client_id("managedinstance_sp_01");
  command.mutable_join()->set_sealed_joining_secret(kCanary);
  command.mutable_join()->set_allow_takeover(takeover);
  return command;
}

inline v1::Command ProbeCommand(const std::string& id, const std::string& attempt = "att-1") {
  v1::Command command;
  command.set_command_id(id);
  command.set_attempt_id(attempt);
  command.set_zone_id(kZone);
  command.mutable_probe();
  return command;
}

// A directory of the test's own, removed with it.
class TempDir {
 public:
  TempDir() : path_(NewFolder("worker")) {}
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Whether any file below `folder` holds `text`.
inline bool FilesHold(const std::string& folder, const std::string& text) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    std::stringstream content;
    content << file.rdbuf();
    if (content.str().find(text) != std::string::npos) return true;
  }
  return false;
}

}  // namespace muster::worker

#endif  // MUSTER_TESTS_WORKER_WORKER_FIXTURE_H_
