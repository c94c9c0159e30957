// muster-load: what Muster does per second and per worker, beside what gRPC alone can do on the
// same machine in the same run. docs/performance.md explains the figures.
#include <stdlib.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "tests/bench/load/bare_phase.h"
#include "tests/bench/load/bare_server.h"
#include "tests/bench/load/crowd_phase.h"
#include "tests/bench/load/measures.h"
#include "tests/bench/load/process.h"
#include "tests/bench/load/product_phase.h"

namespace muster::bench {
namespace {

struct CompareOptions {
  Load load{.workers = 2000, .commands_per_worker = 10, .at_once = 256};
  int repeats = 3;
  std::string only;          // A phase; empty: all.
  std::string orchestrator;  // Path of the program; empty: beside this one.
  std::string out;
};

std::filesystem::path OwnPath() { return std::filesystem::read_symlink("/proc/self/exe"); }

std::string OrchestratorPath(const std::string& asked) {
  return asked.empty() ? (OwnPath().parent_path() / "muster-orchestrator").string() : asked;
}

// A new one; empty when there is none to be had, which is said.
std::string MakeFolder() {
  std::string folder = (std::filesystem::temp_directory_path() / "muster-load-XXXXXX").string();
  if (mkdtemp(folder.data()) != nullptr) return folder;
  std::cerr << "error: cannot make a folder in " << std::filesystem::temp_directory_path() << "\n";
  return "";
}

absl::StatusOr<Comparison> Compare(const CompareOptions& options, const std::string& folder) {
  const std::filesystem::path self = OwnPath();
  const std::string orchestrator = OrchestratorPath(options.orchestrator);
  std::vector<Measures> bare;
  std::vector<Measures> product;
  // Phases alternate, so that a machine that slows down slows all of them.
  for (int i = 0; i < options.repeats; ++i) {
    const auto fresh = [&](const char* phase) {
      std::string path = absl::StrCat(folder, "/", phase, i);
      std::filesystem::create_directory(path);
      return path;
    };
    std::cerr << "run " << i + 1 << " of " << options.repeats << ":" << std::flush;
    const auto wanted = [&](const char* phase) {
      if (!options.only.empty() && options.only != phase) return false;
      std::cerr << " " << phase << std::flush;
      return true;
    };
    if (wanted("bare")) {
      ASSIGN_OR_RETURN(bare.emplace_back(), RunBarePhase(options.load, self, fresh("bare")));
    }
    if (wanted("product")) {
      ASSIGN_OR_RETURN(product.emplace_back(),
                       RunProductPhase(options.load, orchestrator, fresh("product")));
    }
    std::cerr << "\n";
  }
  return Comparison{.workers = options.load.workers,
                    .commands_per_worker = options.load.commands_per_worker,
                    .repeats = options.repeats,
                    .bare = Median(bare),
                    .product = Median(product)};
}

int RunCompare(const CompareOptions& options) {
  const int files = RaiseFileLimit();
  if (files < options.load.workers + 200) {
    std::cerr << "error: " << options.load.workers << " workers need that many open files and 200 "
              << "more in this process; the limit is " << files << " (ulimit -Hn)\n";
    return 2;
  }
  const std::string folder = MakeFolder();
  if (folder.empty()) return 1;
  const absl::StatusOr<Comparison> comparison = Compare(options, folder);
  if (!comparison.ok()) {
    std::cerr << "\nerror: " << comparison.status().message() << "\nlogs: " << folder << "\n";
    return 1;
  }
  std::filesystem::remove_all(folder);
  std::cout << FormatTable(*comparison);
  if (!options.out.empty()) {
    std::ofstream file(options.out);
    file << FormatJson(*comparison);
    file.close();
    if (!file) {
      std::cerr << "error: cannot write " << options.out << "\n";
      return 1;
    }
  }
  return 0;
}

int RunCrowd(const Crowd& crowd, const std::string& orchestrator) {
  const int files = RaiseFileLimit();
  if (files < crowd.workers + 3 * crowd.silent + 200) {
    std::cerr << "error: so many workers and connections need "
              << crowd.workers + 3 * crowd.silent + 200
              << " open files in this process; the limit is " << files << " (ulimit -Hn)\n";
    return 2;
  }
  const std::string folder = MakeFolder();
  if (folder.empty()) return 1;
  const absl::StatusOr<std::string> seen =
      RunCrowdPhase(crowd, OrchestratorPath(orchestrator), folder);
  if (!seen.ok()) {
    std::cerr << "error: " << seen.status().message() << "\nlogs: " << folder << "\n";
    return 1;
  }
  std::filesystem::remove_all(folder);
  std::cout << *seen;
  return 0;
}

}  // namespace
}  // namespace muster::bench

int main(int argc, char** argv) {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  std::signal(SIGPIPE, SIG_IGN);
  muster::log::Configure(muster::log::Level::kWarning, muster::log::Format::kLogfmt);
  CLI::App app("muster-load: measures Muster beside bare gRPC on the same machine");
  app.require_subcommand(1);

  std::string tls_folder;
  auto* server = app.add_subcommand("bare-server", "the bare gRPC server (started by compare)");
  server->add_option("--tls", tls_folder, "folder with ca.pem, server.pem, server.key")->required();

  muster::bench::CompareOptions options;
  auto* compare = app.add_subcommand("compare", "bare and product in turn, and their ratios");
  compare->add_option("--workers", options.load.workers, "connections of each phase")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  compare->add_option("--commands", options.load.commands_per_worker, "commands for each worker")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  compare->add_option("--at-once", options.load.at_once, "connections under way at a time")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  compare->add_option("--repeat", options.repeats, "runs of each phase; medians are shown")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  compare->add_option("--only", options.only, "one phase instead of all; for profiling")
      ->check(CLI::IsMember({"bare", "product"}));
  compare->add_option("--orchestrator", options.orchestrator,
                      "path of muster-orchestrator; default: beside this program");
  compare->add_option("--out", options.out, "also write the figures to this JSON file");

  muster::bench::Crowd crowd;
  auto* crowds = app.add_subcommand(
      "crowd", "workers and silent connections before an orchestrator with few open files");
  crowds->add_option("--workers", crowd.workers, "honest workers")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  crowds->add_option("--soft-limit", crowd.soft_file_limit, "of open files, of the orchestrator")
      ->check(CLI::Range(256, 1000000))
      ->capture_default_str();
  crowds->add_option("--silent", crowd.silent, "silent connections to each listener")
      ->check(CLI::Range(0, 100000))
      ->capture_default_str();
  crowds->add_option("--orchestrator", options.orchestrator,
                     "path of muster-orchestrator; default: beside this program");

  CLI11_PARSE(app, argc, argv);
  if (crowds->parsed()) return muster::bench::RunCrowd(crowd, options.orchestrator);
  if (server->parsed()) return muster::bench::RunBareServer(tls_folder);
  return muster::bench::RunCompare(options);
}
