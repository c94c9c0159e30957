// What a hub double is: its profile (certify.md 8, row H-15), keys, limits, and the
// levers that bend its state while it runs.
#ifndef MUSTER_TESTS_DOUBLES_HUB_HUB_OPTIONS_H_
#define MUSTER_TESTS_DOUBLES_HUB_HUB_OPTIONS_H_

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tests/doubles/http/http_server.h"
#include "tests/doubles/http/sim_clock.h"

namespace muster::doubles {

enum class HubProfile {
  kHub2025,   // internal routes by JWT only, bare 401, no limits, connected-only list, ids always
              // new
  kHub2026,   // the release that the contract calls 05a39f9c
  kHub2026s,  // joincheck must be signed, token purpose, report of another id aborts, lists
              // narrowed by scope
};
std::optional<HubProfile> ParseHubProfile(absl::string_view name);  // hub2025, hub2026, hub2026s
absl::string_view HubProfileName(HubProfile profile);

struct HubKey {
  std::string client_id;
  std::string secret;
  std::string role = "hub_viewer_role";
};

struct HubOptions {
  HubProfile profile = HubProfile::kHub2026;
  ListenOptions listen;
  std::shared_ptr<SimClock> clock;  // null: real time

  std::string client_id = "managedinstance_sp_01";  // the default joining key
  std::string secret;                               // empty: made
  std::vector<HubKey> keys;                         // further API tokens
  std::string admin_user = "admin";
  std::string admin_password = "changeme!";
  std::string title = "muster-hub";  // machine name of the hub's own instance
  std::string version = "7.0.2.0";
  bool licensed = true;

  int join_limit = 60;  // calls a minute and partition; below 1: none. Not in profile 2025
  int auth_limit = 20;
  int refresh_limit = 120;

  absl::Duration joining_token_lifetime = absl::Minutes(60);
  absl::Duration access_token_lifetime = absl::Minutes(20);
  absl::Duration refresh_token_lifetime = absl::Minutes(600);
  absl::Duration heartbeat = absl::Seconds(30);  // a connection silent for three of these is dead
  int utc_offset_minutes = 0;                    // zone in which dates are written
};

// Changed at any time through HubDouble::With or POST /_control/levers.
struct HubLevers {
  bool health_degraded = false;
  bool data_store_down = false;  // all but version and health answer 500
  bool password_login_disabled = false;
  bool legacy_auth_detail = false;                 // early 2026: 401 says why
  bool allow_unsigned_joincheck = false;           // the legacy flag of 2026s
  bool extra_fields = false;                       // list items carry fields nobody knows
  std::set<std::string> omit_fields;               // list items lack these
  absl::Duration list_lag = absl::ZeroDuration();  // records appear this late in lists
  bool freeze_last_reported = false;               // dateLastReported stays what it was
  std::set<std::string> flapping;                  // ids whose status turns over at each list
  std::optional<bool> narrow_by_scope;             // unset: by profile
  absl::Duration skew = absl::ZeroDuration();      // the hub's clock is this far ahead
  bool date_header = false;                        // answers say the hub's time, as Kestrel's do
  bool rate_limits = true;
  bool rate_limit_body = true;  // 429 with a problem body
  bool rate_limit_retry_after = true;
  bool refused_auth_takes_permit = true;
  bool refuse_connect = false;  // agents cannot connect: registered, never connected
};

// What happened so far; never reset.
struct HubCounters {
  int64_t register_calls = 0;
  int64_t joincheck_calls = 0;
  int64_t records_created = 0;  // by register or joincheck, ghosts of levers not counted
  int64_t connects = 0;
  int64_t connects_refused = 0;
  int64_t heartbeats = 0;  // of single connections
  int64_t list_polls = 0;  // internal and public
  int64_t logins = 0;
  int64_t refreshes = 0;
  int64_t refused_401 = 0;
  int64_t refused_429 = 0;
  std::map<std::string, int> registers_by_server;  // by trace name
  std::map<std::string, int> joinchecks_by_server;
};

}  // namespace muster::doubles

#endif  // MUSTER_TESTS_DOUBLES_HUB_HUB_OPTIONS_H_
