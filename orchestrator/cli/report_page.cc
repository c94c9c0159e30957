#include "orchestrator/cli/report_page.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "orchestrator/cli/text.h"
#include "proto/rpc/time.h"

namespace muster::cli {
namespace {

// More rows than a page is read for; the CSV of the report has all of them.
constexpr int kMostRows = 1000;

// Colors are told apart in gray, too; on paper there are none but the line's.
constexpr char kStyle[] = R"css(
:root{--ink:#1c2430;--soft:#5b6675;--line:#d5dae1;--mark:#0b62a8;--bad:#a3271c;--good:#1d6b3a}
*{box-sizing:border-box}
body{font:15px/1.45 system-ui,"Segoe UI","DejaVu Sans",sans-serif;color:var(--ink);margin:0 auto;padding:24px;max-width:1080px}
h1{font-size:26px;margin:0 0 4px}
h2{font-size:18px;margin:32px 0 8px;border-bottom:1px solid var(--line);padding-bottom:4px}
p{margin:6px 0}
.soft{color:var(--soft)}
.tiles{display:flex;flex-wrap:wrap;gap:12px;margin:18px 0}
.tile{border:1px solid var(--line);border-radius:6px;padding:10px 14px;min-width:130px;flex:1}
.tile b{display:block;font-size:24px}
.bad{color:var(--bad)}
.good{color:var(--good)}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:13px}
th,td{text-align:left;vertical-align:top;padding:5px 10px 5px 0;border-bottom:1px solid var(--line)}
th{color:var(--soft);font-weight:600}
td.n,th.n{text-align:right}
td{overflow-wrap:anywhere}
td.k{white-space:nowrap;overflow-wrap:normal}
code{font:12px/1.4 "DejaVu Sans Mono",Consolas,monospace;overflow-wrap:anywhere}
svg{width:100%;max-width:760px;height:auto;display:block}
svg text{font:12px system-ui,"DejaVu Sans",sans-serif;fill:var(--ink)}
.grid{stroke:var(--line)}
.line{fill:none;stroke:var(--mark);stroke-width:2}
.bar{fill:var(--mark)}
@media print{body{padding:0;max-width:none;font-size:11px}table{font-size:9.5px}.wide{overflow:visible}h2{break-after:avoid}tr,svg,.tile{break-inside:avoid}thead{display:table-header-group}a{color:inherit}}
)css";

enum class PageCell { kText, kKey, kNumber, kCode };

struct PageColumn {
  const char* name;
  PageCell cell = PageCell::kText;
};

std::string PageTable(const std::vector<PageColumn>& headings,
                      const std::vector<std::vector<std::string>>& rows) {
  std::string out = "<div class=\"wide\"><table><thead><tr>";
  for (const PageColumn& heading : headings) {
    absl::StrAppend(&out, heading.cell == PageCell::kNumber ? "<th class=\"n\">" : "<th>",
                    heading.name, "</th>");
  }
  absl::StrAppend(&out, "</tr></thead><tbody>\n");
  int shown = 0;
  for (const std::vector<std::string>& row : rows) {
    if (++shown > kMostRows) break;
    absl::StrAppend(&out, "<tr>");
    for (size_t i = 0; i < row.size(); ++i) {
      const PageCell cell = headings[i].cell;
      const std::string text = Html(row[i]);
      absl::StrAppend(&out,
                      cell == PageCell::kNumber ? "<td class=\"n\">"
                      : cell == PageCell::kKey  ? "<td class=\"k\">"
                                                : "<td>",
                      cell == PageCell::kCode ? absl::StrCat("<code>", text, "</code>") : text,
                      "</td>");
    }
    absl::StrAppend(&out, "</tr>\n");
  }
  absl::StrAppend(&out, "</tbody></table></div>\n");
  if (rows.size() > kMostRows) {
    absl::StrAppend(&out, "<p class=\"soft\">", rows.size() - kMostRows,
                    " more: <code>muster report -o csv</code> has them.</p>\n");
  }
  return out;
}

std::string PageSection(absl::string_view title, absl::string_view what) {
  return absl::StrCat("<h2>", Html(title), "</h2>\n",
                      what.empty() ? "" : absl::StrCat("<p class=\"soft\">", what, "</p>\n"));
}

std::string Tile(absl::string_view value, absl::string_view name, absl::string_view kind = "") {
  return absl::StrCat("<div class=\"tile\"><b",
                      kind.empty() ? "" : absl::StrCat(" class=\"", kind, "\""), ">", Html(value),
                      "</b>", Html(name), "</div>\n");
}

// "2026-07-18 09:00 UTC".
std::string PageTime(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M UTC", time, absl::UTCTimeZone());
}
std::string PageTime(bool set, const google::protobuf::Timestamp& time) {
  return set ? PageTime(rpc::FromProto(time)) : "";
}

// "42 s", "12 min", "3.5 h".
std::string LengthOf(absl::Duration length) {
  if (length < absl::Seconds(90)) return absl::StrFormat("%.0f s", absl::ToDoubleSeconds(length));
  if (length < absl::Minutes(90)) {
    return absl::StrFormat("%.0f min", absl::ToDoubleMinutes(length));
  }
  return absl::StrFormat("%.1f h", absl::ToDoubleHours(length));
}

struct Sums {
  int64_t servers = 0;
  int64_t enrolled = 0;
  int64_t proven = 0;
  int64_t unread = 0;  // Hubs of zones with servers that could not be read at the last try.
};

Sums SumsOf(const v1::Report& report) {
  Sums sums;
  for (const v1::Report::ZoneLine& zone : report.zones()) {
    sums.servers += zone.servers();
    sums.enrolled += zone.enrolled();
    sums.proven += zone.proven();
    sums.unread += zone.servers() > 0 && zone.has_hub_failure() ? 1 : 0;
  }
  return sums;
}

std::string PercentOf(int64_t part, int64_t all) {
  // Never "100.0 %" while one is missing.
  if (all == 0) return "-";
  const double percent = 100.0 * static_cast<double>(part) / static_cast<double>(all);
  return part < all ? absl::StrFormat("%.1f %%", std::min(percent, 99.9)) : "100 %";
}

bool IsGrave(const v1::Finding& finding) {
  return finding.state() != v1::FINDING_STATE_SUPPRESSED &&
         (finding.severity() == v1::SEVERITY_HIGH || finding.severity() == v1::SEVERITY_CRITICAL);
}

std::string Tiles(const ReportPageInput& input) {
  const Sums sums = SumsOf(input.report);
  const auto grave = std::count_if(input.findings.begin(), input.findings.end(), IsGrave);
  const bool whole = sums.servers > 0 && sums.proven == sums.servers;
  return absl::StrCat(
      "<div class=\"tiles\">\n",
      Tile(PercentOf(sums.proven, sums.servers), "proven coverage", whole ? "good" : "bad"),
      Tile(absl::StrCat(sums.proven, " of ", sums.servers), "servers proven to be enrolled"),
      Tile(absl::StrCat(input.findings.size()), "unresolved findings"),
      Tile(absl::StrCat(grave), "of these high or critical", grave > 0 ? "bad" : "good"),
      Tile(absl::StrCat(sums.unread), "hubs that could not be read",
           sums.unread > 0 ? "bad" : "good"),
      "</div>\n");
}

std::string Coverage(const ReportPageInput& input) {
  std::string out =
      PageSection("Coverage over time",
                  "Servers that a sweep found in their hub's own list, beside all servers "
                  "that their zones had then.");
  std::vector<Share> shares = CoverageOverTime(input.sweeps);
  // What was so before the period is where the line begins.
  while (shares.size() > 1 && shares[1].time <= input.from) shares.erase(shares.begin());
  if (shares.empty()) return absl::StrCat(out, "<p>No sweep has ended in this time.</p>\n");
  return absl::StrCat(out,
                      ShareOverTime("Proven coverage over time", shares, input.from, input.to));
}

std::string Zones(const ReportPageInput& input) {
  std::map<std::string, const v1::Zone*> known;
  for (const v1::Zone& zone : input.zones) known[zone.zone_id()] = &zone;
  std::vector<std::vector<std::string>> rows;
  for (const v1::Report::ZoneLine& line : input.report.zones()) {
    const auto zone = known.find(line.zone_id());
    std::string key = "none";
    if (zone != known.end() && zone->second->joining_key_version() > 0) {
      key = absl::StrCat(zone->second->joining_client_id(), ", version ",
                         zone->second->joining_key_version());
    }
    rows.push_back({line.zone_id(), line.hub_url(), absl::StrCat(line.servers()),
                    absl::StrCat(line.enrolled()), absl::StrCat(line.proven()),
                    PercentOf(line.proven(), line.servers()),
                    line.has_hub_read_time() ? PageTime(true, line.hub_read_time()) : "never",
                    TextOf(line.hub_failure()), key});
  }
  return absl::StrCat(PageSection("Trust zones",
                                  "Proven is what the hub's list has shown within the zone's time "
                                  "(verify_within); what is older counts for nothing."),
                      PageTable({{"zone", PageCell::kKey},
                                 {"hub"},
                                 {"servers", PageCell::kNumber},
                                 {"enrolled", PageCell::kNumber},
                                 {"proven", PageCell::kNumber},
                                 {"coverage", PageCell::kNumber},
                                 {"hub last read", PageCell::kKey},
                                 {"why not since"},
                                 {"joining key in use"}},
                                rows));
}

std::string Arrivals(const ReportPageInput& input) {
  const absl::Duration period = input.to - input.from;
  const absl::Duration step = period <= absl::Hours(24 * 14)   ? absl::Hours(24)
                              : period <= absl::Hours(24 * 92) ? absl::Hours(24 * 7)
                                                               : absl::Hours(24 * 30);
  std::vector<Bar> bars;
  int64_t all = 0;
  for (absl::Time begin = input.from; begin < input.to; begin += step) {
    const absl::Time end = std::min(begin + step, input.to);
    // The last one is closed on both sides: who came in this moment is in.
    const int64_t came =
        std::count_if(input.arrivals.begin(), input.arrivals.end(), [&](absl::Time time) {
          return time >= begin && (time < end || (end == input.to && time == end));
        });
    all += came;
    bars.push_back(
        {absl::StrCat("from ", absl::FormatTime("%Y-%m-%d", begin, absl::UTCTimeZone())), came});
  }
  return absl::StrCat(
      PageSection("Arrivals",
                  absl::StrCat("Servers that came into the inventory in this time: ", all, ".")),
      all == 0 ? "" : Bars("Arrivals", bars));
}

std::string Waits(const ReportPageInput& input) {
  std::string out =
      PageSection("Time to verified",
                  "From the creation of a rollout to the proof by the hub's own list, of "
                  "every server that a rollout of this time enrolled.");
  if (input.waits.empty()) return absl::StrCat(out, "<p>No server was enrolled by one.</p>\n");
  std::vector<absl::Duration> sorted = input.waits;
  std::sort(sorted.begin(), sorted.end());
  const auto at = [&sorted](size_t percent) {
    return sorted[std::min(sorted.size() - 1, sorted.size() * percent / 100)];
  };
  constexpr std::pair<const char*, absl::Duration> kSteps[] = {
      {"up to 1 min", absl::Minutes(1)},   {"up to 5 min", absl::Minutes(5)},
      {"up to 15 min", absl::Minutes(15)}, {"up to 1 h", absl::Hours(1)},
      {"up to 4 h", absl::Hours(4)},       {"up to a day", absl::Hours(24)},
      {"longer", absl::InfiniteDuration()}};
  std::vector<Bar> bars;
  absl::Duration least = -absl::InfiniteDuration();
  for (const auto& step : kSteps) {
    const absl::Duration most = step.second;
    bars.push_back({step.first,
                    std::count_if(sorted.begin(), sorted.end(), [least, most](absl::Duration wait) {
                      return wait > least && wait <= most;
                    })});
    least = most;
  }
  return absl::StrCat(out, "<p>Half of ", sorted.size(), " within ", LengthOf(at(50)),
                      ", 95 of 100 within ", LengthOf(at(95)), ".</p>\n",
                      Bars("Time to verified", bars));
}

std::string Rollouts(const ReportPageInput& input) {
  std::vector<std::vector<std::string>> rows;
  for (const v1::Rollout& rollout : input.rollouts) {
    const v1::Counts& counts = rollout.counts();
    rows.push_back({rollout.rollout_id(), WordOf(rollout.kind()), WordOf(rollout.state()),
                    PageTime(rollout.has_create_time(), rollout.create_time()),
                    PageTime(rollout.has_finish_time(), rollout.finish_time()),
                    rollout.created_by(), absl::StrCat(counts.total()),
                    absl::StrCat(counts.succeeded()), absl::StrCat(counts.failed()),
                    absl::StrCat(counts.stragglers()), rollout.reason()});
  }
  const std::string title = PageSection("Rollouts", "");
  if (rows.empty()) return absl::StrCat(title, "<p>None was created in this time.</p>\n");
  return absl::StrCat(title, PageTable({{"rollout", PageCell::kKey},
                                        {"kind"},
                                        {"state"},
                                        {"created", PageCell::kKey},
                                        {"finished", PageCell::kKey},
                                        {"by"},
                                        {"servers", PageCell::kNumber},
                                        {"succeeded", PageCell::kNumber},
                                        {"failed", PageCell::kNumber},
                                        {"stragglers", PageCell::kNumber},
                                        {"reason"}},
                                       rows));
}

std::string NotProven(const ReportPageInput& input) {
  std::string out = PageSection("Servers that are not proven", "");
  if (input.report.problems().empty()) return absl::StrCat(out, "<p>None.</p>\n");
  std::map<std::string, std::pair<int64_t, std::string>> causes;
  std::vector<std::vector<std::string>> rows;
  for (const v1::Report::ProblemLine& problem : input.report.problems()) {
    const std::string cause =
        problem.failure().code().empty() ? WordOf(problem.enrollment()) : problem.failure().code();
    ++causes[cause].first;
    causes[cause].second = problem.failure().remedy();
    rows.push_back({problem.zone_id(), problem.server(), WordOf(problem.enrollment()),
                    problem.failure().code(), problem.failure().detail()});
  }
  std::vector<Bar> bars;
  std::vector<std::vector<std::string>> remedies;
  for (const auto& [cause, entry] : causes) bars.push_back({cause, entry.first});
  std::stable_sort(bars.begin(), bars.end(),
                   [](const Bar& a, const Bar& b) { return a.value > b.value; });
  for (const Bar& bar : bars) {
    const std::string& remedy = causes[bar.name].second;
    if (!remedy.empty()) remedies.push_back({bar.name, absl::StrCat(bar.value), remedy});
  }
  absl::StrAppend(&out, Bars("Failures by cause", bars));
  if (!remedies.empty()) {
    absl::StrAppend(
        &out, PageTable({{"cause", PageCell::kKey}, {"servers", PageCell::kNumber}, {"what to do"}},
                        remedies));
  }
  return absl::StrCat(out, "<p></p>\n",
                      PageTable({{"zone", PageCell::kKey},
                                 {"server"},
                                 {"enrollment", PageCell::kKey},
                                 {"cause", PageCell::kKey},
                                 {"what was seen"}},
                                rows));
}

std::string Findings(const ReportPageInput& input) {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::vector<std::string>> exceptions;
  for (const v1::Finding& finding : input.findings) {
    const std::string about =
        finding.server().empty() ? finding.hub_instance_id() : finding.server();
    if (finding.state() == v1::FINDING_STATE_SUPPRESSED) {
      exceptions.push_back({finding.zone_id(),
                            absl::StrCat("finding ", WordOf(finding.kind()), " ", about),
                            PageTime(finding.has_suppressed_until(), finding.suppressed_until()),
                            finding.actor(), finding.reason()});
      continue;
    }
    rows.push_back({WordOf(finding.severity()), WordOf(finding.kind()), WordOf(finding.state()),
                    finding.zone_id(), about, finding.failure().detail(),
                    PageTime(finding.has_first_seen_time(), finding.first_seen_time()),
                    finding.owner(), finding.failure().remedy()});
  }
  for (const v1::Report::ZoneLine& zone : input.report.zones()) {
    if (zone.service_account().empty()) continue;
    exceptions.push_back({zone.zone_id(),
                          absl::StrCat("what belongs to account ", zone.service_account(),
                                       " is believed to be the Certify service"),
                          "until it is taken back", "", ""});
  }
  std::string out =
      PageSection("Findings", absl::StrCat("What the hubs' lists show otherwise than the "
                                           "inventory. Resolved in this time: ",
                                           input.resolved, "."));
  absl::StrAppend(&out, rows.empty() ? "<p>None is open.</p>\n"
                                     : PageTable({{"severity"},
                                                  {"kind", PageCell::kKey},
                                                  {"state"},
                                                  {"zone", PageCell::kKey},
                                                  {"server or record"},
                                                  {"what was seen"},
                                                  {"first", PageCell::kKey},
                                                  {"who can mend it"},
                                                  {"how"}},
                                                 rows));
  absl::StrAppend(
      &out, PageSection("Exceptions", ""),
      exceptions.empty()
          ? "<p>None.</p>\n"
          : PageTable(
                {{"zone", PageCell::kKey}, {"what"}, {"until", PageCell::kKey}, {"by"}, {"why"}},
                exceptions));
  return out;
}

std::string Evidence(const ReportPageInput& input) {
  if (!input.report.has_audit_head()) return "";
  return absl::StrCat(PageSection("Audit log",
                                  "Signed up to the event below. Kept with this page, it "
                                  "shows later whether the log still holds all of that: "
                                  "<code>muster audit verify --heads FILE</code>."),
                      "<p><code>", Html(input.report.audit_head().line()), "</code></p>\n");
}

}  // namespace

std::vector<Share> CoverageOverTime(const std::vector<v1::Sweep>& sweeps) {
  std::vector<const v1::Sweep*> ended;
  for (const v1::Sweep& sweep : sweeps) {
    if (sweep.has_finish_time() &&
        (sweep.state() == v1::SWEEP_STATE_COMPLETED || sweep.state() == v1::SWEEP_STATE_PARTIAL)) {
      ended.push_back(&sweep);
    }
  }
  std::sort(ended.begin(), ended.end(), [](const v1::Sweep* a, const v1::Sweep* b) {
    return rpc::FromProto(a->finish_time()) < rpc::FromProto(b->finish_time());
  });
  std::map<std::string, std::pair<int64_t, int64_t>> zones;  // Confirmed, of so many.
  std::vector<Share> shares;
  for (const v1::Sweep* sweep : ended) {
    zones[sweep->zone_id()] = {sweep->confirmed(), sweep->servers()};
    int64_t confirmed = 0;
    int64_t servers = 0;
    for (const auto& [zone, counts] : zones) {
      confirmed += counts.first;
      servers += counts.second;
    }
    if (servers == 0) continue;
    const double share = static_cast<double>(confirmed) / static_cast<double>(servers);
    const absl::Time time = rpc::FromProto(sweep->finish_time());
    if (!shares.empty() && shares.back().time == time) {
      shares.back().share = share;
    } else if (shares.empty() || shares.back().share != share) {
      shares.push_back({time, share});
    }
  }
  return shares;
}

std::string ReportPage(const ReportPageInput& input) {
  return absl::StrCat(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'\">\n"
      "<meta name=\"viewport\" "
      "content=\"width=device-width,initial-scale=1\">\n<title>Enrollment: ",
      Html(input.about), "</title>\n<style>", kStyle,
      "</style></head><body>\n<h1>Enrollment: ", Html(input.about), "</h1>\n<p class=\"soft\">",
      PageTime(input.from), " to ", PageTime(input.to),
      ". Whether a server is enrolled is what its hub's own list of instances says.</p>\n",
      Tiles(input), Coverage(input), Zones(input), Findings(input), NotProven(input), Waits(input),
      Rollouts(input), Arrivals(input), Evidence(input), "</body></html>\n");
}

}  // namespace muster::cli
