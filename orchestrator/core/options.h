// What an operator may set about the core's decisions, with the defaults.
#ifndef MUSTER_ORCHESTRATOR_CORE_OPTIONS_H_
#define MUSTER_ORCHESTRATOR_CORE_OPTIONS_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/backoff.h"

namespace muster::core {

struct DispatchOptions {
  // Sent and no CommandAck: the connection is taken for dead, the session ends, the worker tells
  // from its journal in its next one.
  absl::Duration ack_timeout = absl::Seconds(15);
  absl::Duration probe_timeout = absl::Minutes(2);  // From the sending to the result.
  // Looks of sweeps (dispatch/worker_looks.h), of all zones together.
  int looks_per_second = 100;
  int looks_at_once = 200;
  absl::Duration look_timeout = absl::Minutes(1);  // From the sending to the answer.
  absl::Duration join_timeout =
      absl::Seconds(360);  // The worker's own limit is 300 s (certify.md 6.2).
  // An answer that is lost earlier broke off; later the worker gave up waiting for its service.
  absl::Duration worker_join_limit = absl::Seconds(280);
  absl::Duration command_ttl = absl::Minutes(15);       // A worker does not begin a command later.
  absl::Duration command_memory = absl::Hours(24 * 7);  // Kept so long after expiry (invariant 2).
};

// One bucket per (hub, egress address); see pacing/token_bucket.h.
struct PacingOptions {
  double initial_joins_per_minute = 12;
  double min_joins_per_minute = 2;
  // The hub's real limit where the operator knows it; growth stops there.
  double max_joins_per_minute = 6000;
  double growth_per_success = 0.5;  // Joins a minute, added for each proven enrollment.
  absl::Duration halve_at_most_every = absl::Seconds(30);
};

struct RetryOptions {
  int max_attempts = 4;  // Of one target.
  BackoffOptions backoff = {.first = absl::Seconds(20), .cap = absl::Minutes(5), .factor = 2.0};
};

struct VerifyOptions {
  absl::Duration verify_deadline = absl::Minutes(3);  // A claim unproven for so long has failed.
  absl::Duration poll_first = absl::Seconds(2);       // From the first claim to the first reading.
  absl::Duration poll_interval = absl::Seconds(5);    // While somebody waits.
  absl::Duration poll_interval_failing = absl::Seconds(15);  // While the hub cannot be read.
  absl::Duration poll_interval_doubt = absl::Minutes(2);     // While only old doubts wait.
  // Doubt: from its worker's answer until a list may first say that nothing came of the join. What
  // the hub has registered shows in its list by then.
  absl::Duration absence_after = absl::Minutes(1);
  // Two lists must say so, this far apart.
  absl::Duration absence_between = absl::Seconds(15);
  // How long a service may be at a join after its worker has given up waiting, counted from the
  // sending (600 s were seen). No absence before that.
  absl::Duration service_join_limit = absl::Minutes(15);
  // A hub's Retry-After is obeyed up to this; an operator's verify asks all the same.
  absl::Duration longest_retry_after = absl::Minutes(15);
  // A hub that goes on failing is left alone for up to this (hubs/hub_standing.h).
  absl::Duration breaker_cap = absl::Minutes(5);
  // No joining key leaves for a hub that was read longer ago.
  absl::Duration join_reading_age = absl::Minutes(10);
  // A doubt outlives its deadline for so long while the hub may not be asked; a claim as long as
  // that lasts.
  absl::Duration unread_doubt_patience = absl::Hours(1);
  // An implausibly short list is the truth when so many readings, so far apart, show the same.
  int short_list_readings = 3;
  absl::Duration short_list_between = absl::Minutes(10);
  absl::Duration clock_tolerance = absl::Seconds(2);  // The offset is known to whole seconds.
  absl::Duration fresh_report = absl::Seconds(90);    // For lists without connection status.
  // Connected records report every 30 s (certify.md 4.4): one that is so far behind the newest
  // report of its list is not connected any more.
  absl::Duration silent_report = absl::Minutes(10);
  // A reading for somebody renews the proofs of the whole zone when the last renewal is so old.
  absl::Duration renew_every = absl::Minutes(10);
  // Two readings that question a proof are at least so far apart.
  absl::Duration question_between = absl::Minutes(1);
  // About what is not proven the hub is asked again, ever more slowly up to this, and so long.
  absl::Duration ask_again_longest = absl::Hours(1);
  absl::Duration ask_again_for = absl::Hours(24 * 7);
};

struct SweepOptions {
  absl::Duration every = absl::Hours(1);  // Of a zone that names nothing else. Zero: never.
  absl::Duration ghost_after =
      absl::Minutes(20);  // A record that has not connected by then is one.
  absl::Duration worker_silent = absl::Hours(24 * 7);
  absl::Duration clock_skew = absl::Minutes(2);
  absl::Duration confirm_after = absl::Minutes(1);  // Seen so long apart twice: no chance.
  // What is seen again so soon after it was gone flaps: so it is when two machines share a record.
  absl::Duration flap_within = absl::Hours(24);
  int most_of_a_kind = 1000;      // Findings of a zone: nobody reads more.
  int most_records = 1000;        // Of nobody that are looked at one by one.
  int records_per_turn = 20'000;  // Compared while commands wait.
  int most_differences = 200;     // Told of one sweep.
};

struct NotifyOptions {
  absl::Duration collect_after =
      absl::Milliseconds(200);  // From the first event to the look at all.
  BackoffOptions backoff = {.first = absl::Seconds(30), .cap = absl::Hours(1), .factor = 2.0};
  absl::Duration give_up_after = absl::Hours(72);  // From a delivery's first attempt.
  // Longer than any attempt takes: what has told no end by then is taken for unknown.
  absl::Duration attempt_patience = absl::Minutes(2);
  // A channel that failed so often in a row is left alone for a while.
  int failures_until_left_alone = 5;
  BackoffOptions left_alone = {.first = absl::Minutes(1), .cap = absl::Minutes(15), .factor = 2.0};
  absl::Duration longest_retry_after = absl::Hours(1);
  int tenant_attempts = 4;  // Under way at once, and one of a channel.
  int all_attempts = 256;
  int most_events = 200;   // Of one delivery; further ones are another's.
  int most_channels = 20;  // Of one tenant, and of the provider.
  int most_open = 1000;    // Open findings that a channel is told of at once.
  absl::Duration look_at_coverage_every = absl::Minutes(5);
  absl::Duration look_at_endings_every = absl::Hours(1);  // Of operators and joining keys.
  absl::Duration ends_soon = absl::Hours(24 * 14);
};

// How long what is over is kept. Zero: for ever. docs/operations.md has the table.
struct RetentionOptions {
  absl::Duration audit = absl::Hours(24 * 400);
  int64_t audit_events = 10'000'000;                // The newest; 0: all that are young enough.
  absl::Duration rollouts = absl::Hours(24 * 400);  // With their targets, from the finish.
  absl::Duration findings = absl::Hours(24 * 400);  // From their end.
  absl::Duration sweeps = absl::Hours(24 * 90);
  absl::Duration notifications = absl::Hours(24 * 30);  // From the end of the delivery.
  absl::Duration refusals = absl::Hours(24 * 90);
  absl::Duration tokens = absl::Hours(24 * 90);            // From their expiry.
  absl::Duration certificates = absl::Hours(24 * 90);      // From their end; the newest stays.
  absl::Duration request_ids = absl::Hours(24 * 30);       // And no longer than what they made.
  absl::Duration every = absl::Minutes(10);                // Looks so often what is due,
  absl::Duration between_steps = absl::Milliseconds(500);  // then prunes in steps,
  int rows_per_step = 200;                                 // each so small.
};

// Heads of the audit log are signed after so many events, or so long after the first one.
struct AuditHeadOptions {
  int64_t every_events = 10'000;
  absl::Duration every = absl::Minutes(10);
};

struct CoreOptions {
  RetentionOptions retention;
  AuditHeadOptions audit_heads;
  DispatchOptions dispatch;
  PacingOptions pacing;
  RetryOptions retry;
  VerifyOptions verify;
  SweepOptions sweep;
  NotifyOptions notify;
  int default_max_concurrent_joins = 50;  // Of a zone that names none.
  int max_operations_per_turn = 512;      // Bound of one transaction.
  int targets_per_page = 500;             // Read and queued in one turn.
  // A doubt counts against max in doubt when it has lasted so long: longer than workers wait
  // between two tries to connect, so that a restart of the orchestrator pauses nothing.
  absl::Duration doubt_patience = absl::Minutes(5);
  // So long an unanswered doubt holds its slot: long enough that others like it have counted.
  absl::Duration doubt_slot_patience = absl::Minutes(8);
  // What is under way when a rollout's deadline passes, or when it is canceled, is awaited so long.
  absl::Duration end_patience = absl::Minutes(15);
  // Called once, on the strand, when memory and store may differ: a commit failed, or an operation
  // failed half-way. The core decides nothing any more; the program ends with exit code 3 and its
  // next start recovers (invariant 10). May be null.
  std::function<void(const absl::Status&)> on_store_lost;
  // Called once, on the strand: a worker knows a later moment of this orchestrator than it does
  // itself (admission/moment_watch.h). Says what was seen. May be null.
  std::function<void(const std::string&)> on_older;
};

}  // namespace muster::core

#endif  // MUSTER_ORCHESTRATOR_CORE_OPTIONS_H_
