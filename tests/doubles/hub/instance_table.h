// InstanceTable holds a hub's stored records and the live connections of agents, and merges them
// into the list (rows H-4 to H-7, H-12). On the hub's loop.
//
//   register ──► record, pending, disconnected ──connect──► title, os, ids known, connected
//                                                   heartbeat ──► dateLastReported
//                                                   silence, drop, restart ──► disconnected
#ifndef MUSTER_TESTS_DOUBLES_HUB_INSTANCE_TABLE_H_
#define MUSTER_TESTS_DOUBLES_HUB_INSTANCE_TABLE_H_

#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/doubles/http/message.h"
#include "tests/doubles/hub/hub_options.h"

namespace muster::doubles {

// What an agent says about itself when it connects.
struct InstanceReport {
  std::string instance_id;
  std::string internal_instance_id;
  std::string title;
  std::string os;
  std::string os_version;
  std::string client_name;
  std::string client_version;

  static InstanceReport FromJson(const Json& json);
  Json ToJson() const;
};

struct InstanceRecord {
  std::string id;
  std::string internal_instance_id;
  std::string security_principal_id;
  std::string title;
  std::optional<std::string> custom_title;
  std::string description;
  std::string os;
  std::string os_version;
  std::string client_name;
  std::string client_version;
  absl::Time last_reported;
  absl::Time registered;
  bool pending = true;
  std::string request_auth_secret_hash;  // empty: none issued
  absl::Time listed_from;                // later than registered when the list lags
  bool always_connected = false;         // the hub itself, and records planted as connected

  const std::string& DisplayTitle() const {
    return custom_title && !custom_title->empty() ? *custom_title : title;
  }
  std::string
      cached_json;  // the list's text of this record with marks for what is live; empty: stale
};

struct Connection {
  std::string id;
  InstanceReport report;
  absl::Time last_beat;
  bool superseded = false;     // another connection took this instance id over
  std::vector<Json> commands;  // for the agent, with the next heartbeat's answer
};

class InstanceTable {
 public:
  InstanceTable(const HubOptions& options, const HubLevers& levers)
      : options_(options), levers_(levers) {}

  InstanceRecord* Find(const std::string& id);
  // A record as the join routes make it: pending, without a title unless one is given.
  InstanceRecord& Create(const std::string& id, absl::string_view title, absl::Time now);
  bool Remove(const std::string& id);
  // Must be called after each change of a record outside of this class.
  void Changed(InstanceRecord& record);
  // The same for all records, after a lever that shapes the list has moved.
  void AllChanged();
  const std::map<std::string, InstanceRecord>& records() const { return records_; }

  // A new connection for the report's instance id; an older one of that id is superseded. A missing
  // record is made again.
  Connection& Connect(InstanceReport report, absl::Time now);
  Connection* FindConnection(const std::string& connection_id);
  Connection* ConnectionOf(const std::string& instance_id, absl::Time now);
  // Renews the connection and the record, which is made again when it was removed. A superseded
  // connection is ignored. False: no such connection.
  bool Heartbeat(const std::string& connection_id, absl::Time now);
  void Disconnect(const std::string& connection_id);
  void DropConnections();
  bool IsConnected(const InstanceRecord& record, absl::Time now) const;
  int ConnectedCount(absl::Time now) const;

  // The internal list: all records that `visible` admits, by display title.
  std::string ListText(absl::Time now, const std::function<bool(const InstanceRecord&)>& visible);
  // The public list.
  Json Summaries(absl::Time now, const std::function<bool(const InstanceRecord&)>& visible,
                 const std::function<Json(const InstanceRecord&)>& tags);
  // One stored record; its status is not live.
  Json StoredJson(const InstanceRecord& record) const;

 private:
  std::vector<InstanceRecord*> Sorted(absl::Time now,
                                      const std::function<bool(const InstanceRecord&)>& visible);
  Json ToJson(const InstanceRecord& record, absl::string_view last_reported,
              absl::string_view status) const;
  void Apply(const InstanceReport& report, absl::Time now);
  absl::Time LastReported(const InstanceRecord& record, absl::Time now) const;
  std::string Date(absl::Time time) const;

  const HubOptions& options_;
  const HubLevers& levers_;
  std::map<std::string, InstanceRecord> records_;
  std::unordered_map<std::string, Connection> connections_;          // by connection id
  std::unordered_map<std::string, std::string> current_connection_;  // instance id → connection id
  std::map<std::string, bool> flapped_;
};

}  // namespace muster::doubles

#endif  // MUSTER_TESTS_DOUBLES_HUB_INSTANCE_TABLE_H_
