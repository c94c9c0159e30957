#include "orchestrator/cli/codes.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "base/failure_words.h"

namespace muster::cli {
namespace {

constexpr std::pair<const char*, const char*> kAreas[] = {
    {"JOIN", "The join on a server"},
    {"SERVICE", "The Certify service on a server"},
    {"HUB", "A hub, as the orchestrator sees it"},
    {"VERIFY", "What a hub's list proves"},
    {"FINDING", "What sweeps find"},
    {"DISPATCH", "Commands on their way"},
    {"BOOTSTRAP", "A machine asks to be let in"},
    {"TOKEN", "Bootstrap tokens"},
    {"CERT", "Certificates of workers"},
    {"CLOCK", "Clocks"},
    {"SESSION", "A worker's session"},
    {"AUTH", "Who may do what"},
    {"OPERATOR", "Operators"},
    {"NOTIFY", "Notifications"},
    {"REQUEST", "Requests"},
    {"CONFIG", "The fleet file"},
    {"IMPORT", "Imported files"},
    {"INVENTORY", "What the inventory has"},
    {"ZONE", "Trust zones"},
    {"ROLLOUT", "Rollouts"},
    {"KEY", "Keys that protect secrets"},
    {"STORE", "The database"},
    {"SYSTEM", "The orchestrator and its machine"},
    {"BACKUP", "Backups"},
    {"WORKER", "The worker and its machine"},
};

constexpr Field<FailureInfo> kFields[] = {
    {"code", Show::kAlways, [](const FailureInfo& info) { return std::string(info.text); },
     Unit::kName},
    {"about", Show::kDetails, [](const FailureInfo& info) { return TitleOfArea(AreaOf(info)); }},
    {"class", Show::kAlways,
     [](const FailureInfo& info) { return std::string(WordOf(info.failure_class)); }},
    {"who_can_mend_it", Show::kAlways,
     [](const FailureInfo& info) { return std::string(WordOf(info.owner)); }},
    {"what_to_do", Show::kAlways, [](const FailureInfo& info) { return std::string(info.remedy); },
     Unit::kProse},
};

}  // namespace

std::string AreaOf(const FailureInfo& info) {
  const std::vector<std::string> parts = absl::StrSplit(info.text, '-');
  return parts.size() > 1 ? parts[1] : "";
}

std::string TitleOfArea(absl::string_view area) {
  for (const auto& [name, title] : kAreas) {
    if (area == name) return title;
  }
  return "";
}

Table CodeTable(const std::vector<FailureInfo>& codes) { return MakeTable(kFields, codes); }

std::string CodesPage(std::span<const FailureInfo> codes) {
  std::string page =
      "# Codes\n\n"
      "Written by `muster explain codes --markdown` from the table of the program; a test holds "
      "both "
      "together.\n\n"
      "`muster explain E-AREA-NAME` prints one of these. A transient one may pass by itself: what "
      "can be tried again\nis tried again. A permanent one lasts until somebody mends it; who can "
      "is named: the customer (at the hub or the\nserver), the provider (with Muster), or the "
      "vendor of the software. Which of the remedies were followed to their\nend, and how, is in "
      "[remedies.md](remedies.md).\n";
  for (const auto& [area, title] : kAreas) {
    bool first = true;
    for (const FailureInfo& info : codes) {
      if (AreaOf(info) != area) continue;
      if (std::exchange(first, false)) absl::StrAppend(&page, "\n## ", title, "\n");
      // What looks like HTML to a browser is text here.
      absl::StrAppend(&page, "\n### ", info.text, "\n\n", WordOf(info.failure_class),
                      "; who can mend it: ", WordOf(info.owner), ". ",
                      absl::StrReplaceAll(info.remedy, {{"<", "&lt;"}, {"*", "\\*"}}), "\n");
    }
  }
  return page;
}

}  // namespace muster::cli
