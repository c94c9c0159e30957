// A hub as it really is (its records) and as its list shows it (late, partial, refused).
#ifndef MUSTER_TESTS_SIM_SIM_HUB_H_
#define MUSTER_TESTS_SIM_SIM_HUB_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/random.h"
#include "orchestrator/core/interfaces/hub_reader.h"

namespace muster::sim {

class SimHub {
 public:
  struct Record {
    core::HubInstance view;  // As a heartbeat would write it.
    std::string owner;       // Internal id of the service that registered it: the truth.
    absl::Time registered;
    std::optional<absl::Time> connected_since;
    bool ever_connected = false;
    // It is disconnected, or hangs though the list calls it connected, since then.
    std::optional<absl::Time> last_report;
  };

  SimHub(std::string url, Random& random) : url_(std::move(url)), random_(random) {}

  const std::string& url() const { return url_; }
  // The hub has a new address; the old one does not answer any more.
  void MoveTo(std::string url) { url_ = std::move(url); }
  // As hubs of 2025: the list has connected instances only, and nothing shows that it is whole.
  void SetConnectedOnly(bool on) { connected_only_ = on; }
  bool connected_only() const { return connected_only_; }
  // It answers nobody until then.
  void SetDownUntil(absl::Time when) { down_until_ = when; }
  bool IsDown(absl::Time now) const { return now < down_until_; }
  const std::map<std::string, Record>& records() const { return records_; }

  bool HasRecordOf(const std::string& owner) const;

  // Register of a service without an identity: a nameless record until Connect.
  std::string Register(const std::string& owner, absl::Time now);
  void Connect(const std::string& id, const std::string& internal_id, const std::string& title,
               absl::Time now);
  // An operator removes what a lost answer left: nameless records of this service but `known`.
  void RemoveGhosts(const std::string& owner, const std::string& known);
  void Disconnect(const std::string& id);
  // What an administrator, a clone or a fault does to a record: takes it away, changes what it shows.
  void Remove(const std::string& id) { records_.erase(id); }
  Record& RecordOf(const std::string& id) { return records_[id]; }
  // Its clock is so far ahead of everybody's.
  void SetClock(absl::Duration ahead) { ahead_ = ahead; }
  // All records but the first `keep` are gone, and do not come back by themselves.
  void Lose(size_t keep);

  // The list as of `now`, without records younger than `lag`.
  core::HubList List(absl::Time now, absl::Duration lag) const;

 private:
  core::HubList TrueList(absl::Time now, absl::Duration lag) const;

  std::string url_;
  bool connected_only_ = false;
  absl::Time down_until_ = absl::InfinitePast();
  absl::Duration ahead_;
  Random& random_;
  std::map<std::string, Record> records_;
};

}  // namespace muster::sim

#endif  // MUSTER_TESTS_SIM_SIM_HUB_H_
