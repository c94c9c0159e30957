// backup, restore, check.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <optional>

#include "absl/time/time.h"
#include "base/clock.h"
#include "base/crypto/secure_random.h"
#include "orchestrator/app/backup.h"
#include "orchestrator/app/command_line.h"
#include "orchestrator/app/commands/commands.h"
#include "orchestrator/app/commands/flags.h"
#include "orchestrator/app/older_note.h"

namespace muster::app {
namespace {

// What was found, for people; the first line says it all.
void Print(const char* verdict, const std::string& what, const BackupFacts& facts) {
  std::cout << verdict << what << "\ntime         "
            << absl::FormatTime(absl::RFC3339_sec, facts.time, absl::UTCTimeZone())
            << "\nversion      Muster " << facts.muster_version << ", schema "
            << facts.schema_version << "\naudit log    " << facts.audit_events
            << " events, chain intact\nmaster key   "
            << (facts.has_master_key ? "in it" : "not in it") << "\n";
}

int RunBackup(const BackupOptions& options) {
  const auto made = MakeBackup(options, SystemClock(), crypto::SecureRandom());
  if (!made.ok()) return CommandFailed(made.status());
  Print("backed up    ", options.file, *made);
  std::cout << "keep         it as you keep a private key: the certificate authority's is in it\n";
  if (!made->has_master_key) {
    std::cout << "also keep    the master key, apart from it: a restore asks for it\n";
  }
  return kExitStopped;
}

int RunRestore(const RestoreOptions& options) {
  const auto restored = RestoreBackup(options, SystemClock(), crypto::SecureRandom());
  if (!restored.ok()) return CommandFailed(restored.status());
  Print("restored     ", options.data_dir, restored->backup);
  std::cout << "generation   " << restored->generation
            << "\nnext         muster-orchestrator serve "
            << "--data-dir " << options.data_dir << "\n";
  if (!restored->master_key_kept) {
    std::cout << "             with the master key that this restore was given from outside\n";
  }
  std::cout << "             muster doctor   (workers come back by themselves; what happened after "
               "the\n             backup is settled with them and with the hubs)\n";
  return kExitStopped;
}

struct CheckOptions {
  std::string backup;
  std::string data_dir;
};

int RunCheck(const CheckOptions& options) {
  const bool file = !options.backup.empty();
  const auto checked =
      file ? CheckBackup(options.backup, SystemClock(), crypto::SecureRandom())
           : CheckDataDirectory(options.data_dir, SystemClock(), crypto::SecureRandom());
  if (!checked.ok()) return CommandFailed(checked.status());
  Print("whole        ", file ? options.backup : options.data_dir, *checked);
  const auto older = file ? std::nullopt : LoadOlderNote(options.data_dir);
  if (older.has_value()) {
    std::cout << "put back     " << CheckOfOlderNote(*older, older->time).seen << "\n";
  }
  return kExitStopped;
}

}  // namespace

Command AddBackupCommand(CLI::App& program) {
  CLI::App* command = program.add_subcommand(
      "backup", "Write everything to one verified file, while the orchestrator runs or not.");
  const auto options = std::make_shared<BackupOptions>();
  FlagGroup flags(*command);
  flags.DataDir(options->data_dir, "The directory to copy; it may be in use");
  flags.Text("--out", options->file, "The file to make; must not exist")->required();
  flags.Switch("--with-master-key", options->with_master_key,
               "Put master.key in as well: the file alone then opens every joining key");
  return {command, [options] { return RunBackup(*options); }};
}

Command AddRestoreCommand(CLI::App& program) {
  CLI::App* command = program.add_subcommand(
      "restore", "Make a data directory out of a backup; overwrites nothing.");
  const auto options = std::make_shared<RestoreOptions>();
  FlagGroup flags(*command);
  flags.Text("--from", options->file, "A file that 'backup' made")->required();
  flags.DataDir(options->data_dir, "The directory to make; must not exist, or be empty");
  flags.Text("--master-key-file", options->master_key_file,
             "The master key of that time [in the backup, or where serve looks]");
  return {command, [options] { return RunRestore(*options); }};
}

Command AddCheckCommand(CLI::App& program) {
  CLI::App* command =
      program.add_subcommand("check", "Verify a backup or a data directory, offline.");
  const auto options = std::make_shared<CheckOptions>();
  CLI::App* what = command->add_option_group("what");
  FlagGroup flags(*what);
  flags.Text("--backup", options->backup, "A file that 'backup' made");
  flags.Text("--data-dir", options->data_dir, "A data directory that no process works in");
  what->require_option(1);
  return {command, [options] { return RunCheck(*options); }};
}

}  // namespace muster::app
