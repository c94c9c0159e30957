// Writes a report page with something of everything on it, as a large tenant's would be, for
// tests/pages/run to look at. usage: muster_sample_page > page.html
#include <iostream>

#include "absl/strings/str_cat.h"
#include "orchestrator/cli/report_page.h"
#include "proto/rpc/time.h"

namespace muster::cli {
namespace {

ReportPageInput Sample() {
  ReportPageInput input;
  input.about = "borealis";
  input.to = absl::FromUnixSeconds(1'784'365'200);  // 2026-07-18T09:00:00Z
  input.from = input.to - absl::Hours(24 * 30);
  const char* const zones[] = {"borealis/clinics", "borealis/laboratories", "borealis/field"};
  const int servers[] = {412, 96, 40};
  for (int z = 0; z < 3; ++z) {
    v1::Zone& zone = input.zones.emplace_back();
    zone.set_zone_id(zones[z]);
    zone.set_joining_client_id(absl::StrCat("managedinstance_sp_", z));
    zone.set_joining_key_version(z + 1);
    v1::Report::ZoneLine& line = *input.report.add_zones();
    line.set_zone_id(zones[z]);
    line.set_hub_url(absl::StrCat("https://hub-", z, ".borealis.example:8443/management"));
    line.set_servers(servers[z]);
    line.set_enrolled(servers[z] - 3 * z);
    line.set_proven(servers[z] - 4 * z);
    *line.mutable_hub_read_time() = rpc::ToProto(input.to - absl::Minutes(11 * (z + 1)));
    if (z == 2) {
      line.mutable_hub_failure()->set_code("E-HUB-UNREACHABLE");
      line.mutable_hub_failure()->set_detail(
          "https://hub-2.borealis.example: connection timed out");
      line.set_service_account("svc_certify");
    }
    // It grows, breaks for a while, and heals.
    for (int hour = 24 * 30; hour >= 0; hour -= 6) {
      v1::Sweep& sweep = input.sweeps.emplace_back();
      sweep.set_zone_id(zones[z]);
      sweep.set_state(v1::SWEEP_STATE_COMPLETED);
      sweep.set_servers(servers[z]);
      const int grown = std::min(servers[z] - 4 * z, servers[z] * (24 * 30 - hour) / (24 * 12));
      sweep.set_confirmed(hour > 200 && hour < 260 ? grown / 2 : grown);
      *sweep.mutable_finish_time() = rpc::ToProto(input.to - absl::Hours(hour) + absl::Minutes(z));
    }
  }
  const char* const codes[] = {"E-JOIN-KEY-REFUSED", "E-JOIN-KEY-REFUSED", "E-VERIFY-DISCONNECTED",
                               "E-SERVICE-UNREACHABLE", "E-JOIN-ELSEWHERE"};
  for (int i = 0; i < 12; ++i) {
    v1::Report::ProblemLine& problem = *input.report.add_problems();
    problem.set_zone_id(zones[i % 3]);
    problem.set_server(absl::StrCat("WS-", 1000 + i, ".clinics.borealis.example"));
    problem.set_enrollment(types::v1::ENROLLMENT_FAILED);
    problem.mutable_failure()->set_code(codes[i % 5]);
    problem.mutable_failure()->set_detail(
        "the hub answered 401 to the joining key managedinstance_sp_clinics at "
        "2026-07-17T22:10:03Z");
    problem.mutable_failure()->set_remedy(
        "Check the zone's joining key on the hub, store the new key with 'muster key set', and run "
        "the rollout again.");
  }
  const v1::FindingKind kinds[] = {v1::FINDING_KIND_DUPLICATE_IDENTITY, v1::FINDING_KIND_MISSING,
                                   v1::FINDING_KIND_UNKNOWN, v1::FINDING_KIND_GHOST};
  for (int i = 0; i < 9; ++i) {
    v1::Finding& finding = input.findings.emplace_back();
    finding.set_zone_id(zones[i % 3]);
    finding.set_kind(kinds[i % 4]);
    finding.set_state(i == 8 ? v1::FINDING_STATE_SUPPRESSED : v1::FINDING_STATE_OPEN);
    finding.set_severity(i < 3 ? v1::SEVERITY_CRITICAL : v1::SEVERITY_LOW);
    if (i % 2 == 0) finding.set_server(absl::StrCat("WS-", 1000 + i));
    finding.set_hub_instance_id("1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed");
    finding.mutable_failure()->set_detail(
        "the title of record 1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed flips between WS-1000 and "
        "WS-1000-CLONE");
    finding.mutable_failure()->set_remedy(
        "Shut one of the two down, or give it an identity of its own.");
    finding.set_owner("provider");
    finding.set_actor("ann");
    finding.set_reason("a test machine of the vendor");
    *finding.mutable_first_seen_time() = rpc::ToProto(input.to - absl::Hours(5 * i));
    *finding.mutable_suppressed_until() = rpc::ToProto(input.to + absl::Hours(24 * 14));
  }
  input.resolved = 31;
  for (int i = 0; i < 5; ++i) {
    v1::Rollout& rollout = input.rollouts.emplace_back();
    rollout.set_rollout_id(absl::StrCat("rol-mzxw6ytboi4dcmrtgq2", i));
    rollout.set_kind(v1::COMMAND_KIND_JOIN);
    rollout.set_state(i == 0 ? v1::ROLLOUT_STATE_PAUSED : v1::ROLLOUT_STATE_COMPLETED);
    rollout.set_created_by("ann");
    if (i == 0) rollout.set_reason("6 of 40 targets failed, more than max_failures allows");
    rollout.mutable_counts()->set_total(100 + i);
    rollout.mutable_counts()->set_succeeded(97);
    rollout.mutable_counts()->set_failed(3);
    *rollout.mutable_create_time() = rpc::ToProto(input.to - absl::Hours(24 * 5 * (i + 1)));
    *rollout.mutable_finish_time() = rpc::ToProto(input.to - absl::Hours(24 * 5 * (i + 1) - 2));
  }
  for (int i = 1; i <= 500; ++i) input.waits.push_back(absl::Seconds(i * i / 7 + 9));
  for (int i = 0; i < 500; ++i) input.arrivals.push_back(input.to - absl::Hours(i + i % 9));
  input.report.mutable_audit_head()->set_line(
      "4711 2026-07-18T08:58:00Z 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 "
      "3045022100b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c");
  return input;
}

}  // namespace
}  // namespace muster::cli

int main() {
  std::cout << muster::cli::ReportPage(muster::cli::Sample());
  return std::cout ? 0 : 1;
}
