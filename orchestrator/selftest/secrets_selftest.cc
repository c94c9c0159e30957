#include "orchestrator/selftest/secrets_selftest.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/clock.h"
#include "base/crypto/secure_random.h"
#include "base/platform/files.h"
#include "base/platform/private_file.h"
#include "base/status_macros.h"
#include "base/timed_flag.h"
#include "orchestrator/selftest/places.h"
#include "orchestrator/selftest/program.h"
#include "orchestrator/selftest/secret_search.h"
#include "orchestrator/selftest/stand_in.h"
#include "proto/rpc/token_file.h"

namespace muster::selftest {
namespace {

namespace fs = std::filesystem;

constexpr absl::Duration kCommandTime = absl::Seconds(60);
constexpr absl::Duration kStartTime = absl::Seconds(60);
constexpr absl::Duration kEndTime = absl::Seconds(30);
constexpr char kServer[] = "selftest-1";
constexpr char kZone[] = "selftest/zone";
constexpr char kJoiningKey[] = "joining key";
constexpr char kVerifier[] = "verifier";
constexpr char kToken[] = "bootstrap token";

// As long as keys are, and with what each format escapes in each half.
std::string NewCanary() {
  Random& random = crypto::SecureRandom();
  return absl::StrCat(random.Base32(9), "+Ab/", random.Base32(9), "=&\"<", random.Base32(9), "Z~\\",
                      random.Base32(9));
}

std::string FoundText(const Place& place) {
  if (!place.looked) return "not looked at";
  if (place.failed) return "NOTHING TO LOOK AT";
  if (place.found.empty()) return "nothing";
  std::vector<std::string> parts;
  std::string secret;
  for (const Trace& trace : place.found) {
    if (trace.secret == secret) {
      absl::StrAppend(&parts.back(), ", ", trace.spelling);
    } else {
      parts.push_back(absl::StrCat("the ", trace.secret, ": ", trace.spelling));
      secret = trace.secret;
    }
  }
  return absl::StrJoin(parts, "; ");
}

bool IsOneOf(const std::string& path, const std::string& folder,
             std::initializer_list<absl::string_view> parts) {
  if (!absl::StartsWith(path, folder)) return false;
  return parts.size() == 0 || std::any_of(parts.begin(), parts.end(), [&](absl::string_view part) {
           return absl::StrContains(path.substr(folder.size()), part);
         });
}

class SecretsSelftest {
 public:
  SecretsSelftest(const SecretsSelftestOptions& options, std::string folder)
      : options_(options), folder_(std::move(folder)), watch_(search_) {}

  absl::Status Run() {
    RETURN_IF_ERROR(FindPrograms());
    RETURN_IF_ERROR(Plant());
    watch_.Start();
    RETURN_IF_ERROR(StartAll());
    RETURN_IF_ERROR(Refusals());
    RETURN_IF_ERROR(Join());
    RETURN_IF_ERROR(AskAround());
    RETURN_IF_ERROR(PlantLeak());
    LookAtPrograms();
    EndAll();
    watch_.Stop();
    LookAtRest();
    return absl::OkStatus();
  }
  const std::vector<Place>& places() const { return places_; }

 private:
  std::string At(absl::string_view name) const { return absl::StrCat(folder_, "/", name); }

  bool Leaks(const char* place) const {
    return std::find(options_.leaks.begin(), options_.leaks.end(), place) != options_.leaks.end();
  }

  absl::Status FindPrograms() {
    std::error_code error;
    const fs::path self = fs::read_symlink("/proc/self/exe", error);
    programs_["muster-orchestrator"] = self.string();
    for (const std::string name : {"muster", "muster-worker"}) {
      std::vector<std::string> folders = {options_.programs};
      if (options_.programs.empty()) {
        const char* const path = getenv("PATH");
        folders = {self.parent_path().string()};
        for (const absl::string_view part : absl::StrSplit(path != nullptr ? path : "", ':')) {
          folders.emplace_back(part);
        }
      }
      for (const std::string& folder : folders) {
        const std::string program = absl::StrCat(folder, "/", name);
        if (programs_[name].empty() && access(program.c_str(), X_OK) == 0) {
          programs_[name] = program;
        }
      }
      if (programs_[name].empty()) {
        return absl::NotFoundError(absl::StrCat("there is no ", name,
                                                options_.programs.empty()
                                                    ? " beside this program or on the PATH"
                                                    : absl::StrCat(" in ", options_.programs),
                                                "; install it, or name its folder by --programs"));
      }
    }
    return absl::OkStatus();
  }

  absl::Status Plant() {
    for (const char* name : {"plant", "logs", "answers", "cores"}) {
      RETURN_IF_ERROR(MakePrivateDirectory(At(name)));
    }
    joining_key_ = NewCanary();
    const std::string verifier = NewCanary();
    search_.Plant(kJoiningKey, joining_key_);
    search_.Plant(kVerifier, verifier);
    // The orchestrator reads the hub with it, so it has it.
    unused_search_.Plant(kJoiningKey, joining_key_);
    RETURN_IF_ERROR(CreatePrivateFile(At("plant/key"), Secret::CopyOf(joining_key_)));
    RETURN_IF_ERROR(CreatePrivateFile(At("plant/verifier"), Secret::CopyOf(verifier)));
    ASSIGN_OR_RETURN(stand_in_, StandIn::Start(At("service"), kServer));
    return WriteFileAtomically(
        At("plant/fleet.yaml"),
        absl::StrCat(
            "tenants:\n  - id: selftest\n    zones:\n      - zone: zone\n        hub_url: ",
            stand_in_->hub_url(),
            "\n        joining_key: { client_id: selftest, secret: { file: key } }\n"
            "        verifier: { api_token: { client_id: selftest, secret: { file: "
            "verifier } } }\n"),
        FileAccess::kOwnerOnly);
  }

  // One command to its end; its output is kept as an answer. OK whatever its exit code, unless
  // `must_succeed`.
  absl::Status Command(const std::string& program, std::vector<std::string> arguments,
                       bool must_succeed = true) {
    std::vector<std::string> words = {programs_[program]};
    words.insert(words.end(), arguments.begin(), arguments.end());
    if (program == "muster") words.insert(words.end(), {"--socket", At("data/admin.sock")});
    const std::string answer = At(absl::StrFormat("answers/%03d-%s", ++answers_, program));
    ASSIGN_OR_RETURN(const auto running,
                     Program::Start({.words = words, .folder = At("cores"), .output = answer}));
    const auto code = running->Wait(kCommandTime);
    if (code.ok() && (*code == 0 || !must_succeed)) return absl::OkStatus();
    return absl::AbortedError(absl::StrCat(program, " ", absl::StrJoin(arguments, " "),
                                           code.ok() ? absl::StrCat(" ended with ", *code)
                                                     : absl::StrCat(": ", code.status().message()),
                                           "; it said: ", answer));
  }

  absl::StatusOr<std::unique_ptr<Program>> StartDaemon(const std::string& program,
                                                       std::vector<std::string> arguments) {
    std::vector<std::string> words = {programs_[program]};
    words.insert(words.end(), arguments.begin(), arguments.end());
    words.insert(words.end(), {"--log-level", "debug"});
    return Program::Start({.words = words,
                           .folder = At("cores"),
                           .output = At(absl::StrCat("logs/", program, ".log"))});
  }

  template <typename Condition>
  absl::Status Await(absl::string_view what, Condition condition) {
    const absl::Duration latest = SystemClock().Steady() + kStartTime;
    TimedFlag never;
    while (!condition()) {
      const bool alive = (orchestrator_ == nullptr || orchestrator_->runs()) &&
                         (worker_ == nullptr || worker_->runs());
      if (!alive || SystemClock().Steady() > latest) {
        return absl::AbortedError(absl::StrCat(
            what, alive ? " takes too long" : ": a program ended", "; look into ", At("logs")));
      }
      never.Await(absl::Milliseconds(50));
    }
    return absl::OkStatus();
  }

  absl::Status StartAll() {
    RETURN_IF_ERROR(Command("muster-orchestrator",
                            {"init", "--data-dir", At("data"), "--address", "127.0.0.1"}));
    ASSIGN_OR_RETURN(
        orchestrator_,
        StartDaemon("muster-orchestrator",
                    {"serve", "--data-dir", At("data"), "--session-listen", "127.0.0.1:0",
                     "--bootstrap-listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0",
                     "--port-file", At("data/ports.json"), "--max-attempts", "1", "--verify-poll",
                     "1s", "--join-rate-per-minute", "6000", "--join-rate-limit", "6000"}));
    RETURN_IF_ERROR(Await("the orchestrator's start",
                          [&] { return access(At("data/ports.json").c_str(), R_OK) == 0; }));
    RETURN_IF_ERROR(Command("muster", {"apply", "-f", At("plant/fleet.yaml")}));
    RETURN_IF_ERROR(WriteFileAtomically(
        At("plant/servers.csv"), absl::StrCat("tenant,zone,name\nselftest,zone,", kServer, "\n"),
        FileAccess::kOwnerOnly));
    RETURN_IF_ERROR(Command("muster", {"server", "import", At("plant/servers.csv")}));
    RETURN_IF_ERROR(
        Command("muster", {"token", "create", "--zone", kZone, "--out", At("plant/token")}));
    ASSIGN_OR_RETURN(const Secret token,
                     ReadPrivateFile(At("plant/token"), FileReach::kOwnerOnly, 64 << 10));
    ASSIGN_OR_RETURN(const auto parsed, rpc::ParseTokenFile(token.Reveal()));
    PlantToken(parsed.secret());
    RETURN_IF_ERROR(
        Command("muster-worker", {"enroll", "--token-file", At("plant/token"), "--data-dir",
                                  At("worker"), "--server-name", kServer}));
    // Once more, with a token that is used up: what is refused is told as well.
    RETURN_IF_ERROR(Command("muster-worker",
                            {"enroll", "--token-file", At("plant/token"), "--data-dir",
                             At("worker-2"), "--server-name", "selftest-2"},
                            /*must_succeed=*/false));
    ASSIGN_OR_RETURN(worker_, StartDaemon("muster-worker", {"run", "--data-dir", At("worker"),
                                                            "--appdata", At("service")}));
    return Await("the worker's session", [&] {
      const auto log = ReadWholeFile(At("logs/muster-worker.log"), 64 << 20);
      return log.ok() && absl::StrContains(*log, "session open");
    });
  }

  // The watch looks with `search_` all the time; it is stopped while that grows.
  void PlantToken(const std::string& secret) {
    watch_.Stop();
    search_.Plant(kToken, secret);
    unused_search_.Plant(kToken, secret);
    watch_.Start();
  }

  absl::Status Rollout() {
    return Command("muster",
                   {"rollout", "create", "--zone", kZone, "--max-failures", "100%", "--watch"},
                   /*must_succeed=*/false);
  }

  // In each spelling once: a join that the service refuses, a list that the hub does.
  absl::Status Refusals() {
    const int spellings = static_cast<int>(SpellingsOf(joining_key_).size());
    for (int i = 0; i < spellings; ++i) {
      stand_in_->RefuseReadings(i);
      RETURN_IF_ERROR(Command("muster", {"verify", "--zone", kZone}, /*must_succeed=*/false));
    }
    if (stand_in_->readings() < spellings) {
      return absl::AbortedError(absl::StrCat("the hub was asked ", stand_in_->readings(),
                                             " times only; look into ", At("logs")));
    }
    // No key leaves for a hub that is not read.
    stand_in_->RefuseReadings(-1);
    RETURN_IF_ERROR(Command("muster", {"verify", "--zone", kZone}));
    for (int i = 0; i < spellings; ++i) {
      stand_in_->RefuseJoins(i);
      RETURN_IF_ERROR(Rollout());
    }
    if (stand_in_->joins() < spellings) {
      return absl::AbortedError(absl::StrCat("the service was asked ", stand_in_->joins(),
                                             " times only; look into ", At("answers")));
    }
    return absl::OkStatus();
  }

  absl::Status Join() {
    stand_in_->RefuseJoins(-1);
    RETURN_IF_ERROR(Rollout());
    return Command("muster", {"report", "--zone", kZone, "--check"});
  }

  absl::Status AskAround() {
    for (const std::vector<std::string>& command :
         std::vector<std::vector<std::string>>{{"server", "list", "-o", "json"},
                                               {"server", "explain", kServer},
                                               {"zone", "list", "-o", "json"},
                                               {"token", "list", "-o", "json"},
                                               {"rollout", "list", "-o", "json"},
                                               {"audit", "list", "-o", "json"},
                                               {"report", "-o", "json"},
                                               {"hub", "show", kZone},
                                               {"hub", "check", kZone},
                                               {"doctor"}}) {
      RETURN_IF_ERROR(Command("muster", command, /*must_succeed=*/false));
    }
    RETURN_IF_ERROR(Command("muster-worker", {"status", "--data-dir", At("worker")},
                            /*must_succeed=*/false));
    return Command("muster-orchestrator", {"backup", "--data-dir", At("data"), "--out",
                                           At("data/backup"), "--with-master-key"});
  }

  absl::Status PlantLeak() {
    const auto spelling = [&](const std::string& name) {
      const auto all = SpellingsOf(joining_key_);
      return std::find_if(all.begin(), all.end(), [&](const Spelling& s) { return s.name == name; })
          ->bytes;
    };
    const auto append = [&](absl::string_view file, const std::string& name) {
      std::ofstream(At(file), std::ios::app) << "leak=" << spelling(name) << "\n";
    };
    Program::Options words = {.words = {"/bin/sh", "-c", "read x; read y"},
                              .folder = At("cores"),
                              .output = At("logs/leak.log")};
    if (Leaks("process-list")) words.words.insert(words.words.end(), {"sh", joining_key_});
    if (Leaks("environment")) words.variables.push_back("LEAK=" + spelling("base64"));
    if (Leaks("memory")) words.input = joining_key_ + "\n";
    if (Leaks("log")) append("logs/muster-worker.log", "backwards");
    if (Leaks("answer")) append("answers/leak", "percent-encoded");
    if (Leaks("database")) append("data/leak.db-wal", "UTF-16");
    if (Leaks("journal")) append("worker/leak.db", "hexadecimal");
    if (Leaks("core-dump")) append("cores/core.leak", "its second half");
    if (options_.leaks.empty()) return absl::OkStatus();
    ASSIGN_OR_RETURN(leak_, Program::Start(words));
    // The watch looks a hundred times a second.
    TimedFlag never;
    never.Await(absl::Milliseconds(500));
    return absl::OkStatus();
  }

  std::vector<pid_t> ChildrenOf(pid_t pid) const {
    std::vector<pid_t> children;
    std::error_code error;
    for (fs::directory_iterator at(absl::StrCat("/proc/", pid, "/task"), error), end;
         !error && at != end; at.increment(error)) {
      std::ifstream in(at->path() / "children");
      for (pid_t child = 0; in >> child;) children.push_back(child);
    }
    return children;
  }

  void LookAtPrograms() {
    places_.push_back(
        LookAtMemory("memory of the orchestrator", orchestrator_->pid(), unused_search_));
    for (const pid_t door : ChildrenOf(orchestrator_->pid())) {
      places_.push_back(LookAtMemory("memory of its door", door, search_));
    }
    places_.push_back(LookAtMemory("memory of the worker", worker_->pid(), search_));
    if (Leaks("memory")) {
      places_.push_back(LookAtMemory("memory of a program that leaks", leak_->pid(), search_));
    }
  }

  // As from a fault, so that the database is what a crash leaves, and a core would be written.
  void EndAll() {
    Place place{.name = "core dumps"};
    for (Program* program : {worker_.get(), orchestrator_.get()}) {
      program->Signal(SIGABRT);
      place.failed = !program->Wait(kEndTime).ok() || place.failed;
      if (program->dumped_core()) place.found.insert({"memory", "dumped by a program"});
    }
    Place files = LookAtFiles(
        "", At("cores"), [](const std::string&) { return true; }, search_);
    place.found.merge(files.found);
    place.looked_at =
        absl::StrCat("2 programs ended by SIGABRT, ", files.failed ? "no files" : files.looked_at);
    places_.push_back(std::move(place));
  }

  void LookAtRest() {
    places_.insert(places_.begin(), watch_.environments());
    places_.insert(places_.begin(), watch_.arguments());
    const auto files = [this](const std::string& name,
                              const std::function<bool(const std::string&)>& wanted) {
      places_.push_back(LookAtFiles(name, folder_, wanted, search_));
    };
    const std::string data = At("data/");
    const std::string workers = At("worker");
    const std::initializer_list<absl::string_view> databases = {".db", ".sqlite"};
    const auto is_database = [&, databases](const std::string& path) {
      return IsOneOf(path, data, databases);
    };
    const auto is_journal = [&, databases](const std::string& path) {
      return IsOneOf(path, workers, databases) || IsOneOf(path, workers, {"journal"});
    };
    const auto is_backup = [&](const std::string& path) { return path == At("data/backup"); };
    files("logs, all levels",
          [&](const std::string& path) { return IsOneOf(path, At("logs/"), {}); });
    files("answers and errors",
          [&](const std::string& path) { return IsOneOf(path, At("answers/"), {}); });
    files("database, with its WAL", is_database);
    files("worker's journal", is_journal);
    files("backup", is_backup);
    files("all other files", [&](const std::string& path) {
      return (IsOneOf(path, data, {}) || IsOneOf(path, workers, {})) && !is_database(path) &&
             !is_journal(path) && !is_backup(path);
    });
  }

  const SecretsSelftestOptions options_;
  const std::string folder_;
  SecretSearch search_;         // All that was planted.
  SecretSearch unused_search_;  // What the orchestrator has no use for any more.
  ProcessWatch watch_;
  std::map<std::string, std::string> programs_;
  std::string joining_key_;
  int answers_ = 0;
  std::unique_ptr<StandIn> stand_in_;
  std::unique_ptr<Program> orchestrator_;
  std::unique_ptr<Program> worker_;
  std::unique_ptr<Program> leak_;
  std::vector<Place> places_;
};

}  // namespace

const std::vector<std::string>& LeakPlaces() {
  static const auto* const places = new std::vector<std::string>{
      "process-list", "environment", "memory", "log", "answer", "database", "journal", "core-dump"};
  return *places;
}

absl::StatusOr<bool> RunSecretsSelftest(const SecretsSelftestOptions& options, std::ostream& out) {
  std::error_code error;
  const fs::path temporary = fs::temp_directory_path(error);
  std::string folder = (error ? fs::path("/tmp") : temporary) / "muster-selftest-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) {
    return absl::UnavailableError(absl::StrCat("cannot make a folder in ", temporary.string(),
                                               "; set TMPDIR to one that can be written"));
  }
  bool clean = true;
  {
    SecretsSelftest selftest(options, folder);
    RETURN_IF_ERROR(selftest.Run());
    out << absl::StrFormat("%-32s %-34s %s\n", "place", "looked at", "found");
    for (const Place& place : selftest.places()) {
      out << absl::StrFormat("%-32s %-34s %s\n", place.name, place.looked_at, FoundText(place));
      clean = clean && place.found.empty() && !place.failed;
    }
  }
  if (options.keep || !clean) {
    out << "folder " << folder << " (it holds the planted secrets, which are of no use)\n";
  } else {
    fs::remove_all(folder, error);
  }
  return clean;
}

}  // namespace muster::selftest
