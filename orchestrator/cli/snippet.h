// Scripts that remote management tools (RMM) run on servers: they install the worker and enroll it.
// Pure text, made of the files in orchestrator/cli/snippets, which the build puts into the program:
//
//   worker.ps1 / worker.sh    what is done, and what is said of it at the end
//   take_….ps1 / take_….sh    where that tool keeps a token: Get-Token, Clear-Token / take_token, …
//   playbook.yml              Ansible's own way of the same
//
// A snippet holds no secret and takes none from a command line. docs/rmm.md says the rest.
#ifndef MUSTER_ORCHESTRATOR_CLI_SNIPPET_H_
#define MUSTER_ORCHESTRATOR_CLI_SNIPPET_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace muster::cli {

struct SnippetOptions {
  std::string target;  // One of SnippetTargets().
  std::string system;  // "windows", "linux"; empty: the target's first.
  std::string
      package_url;  // http(s), or a file: an absolute path (Linux), \\server\share (Windows).
  std::string package_sha256;  // Of that package, in hexadecimal.
  std::string token_variable;  // Of the tool; empty: muster_token.
  std::string token_file;      // Instead of a variable; empty: the target's own way.
  bool keep_token_file = false;
  absl::Duration time_limit = absl::Minutes(5);
};

// "ninjaone", "datto", …: as --for takes them.
std::vector<std::string> SnippetTargets();

// The script: ASCII, with CRLF for PowerShell. What the options say stands in it as quoted values
// and never as code. InvalidArgument names the flag and what it wants.
absl::StatusOr<std::string> MakeSnippet(const SnippetOptions& options);

// The text of a file of orchestrator/cli/snippets; empty when there is none of that name.
absl::string_view SnippetFile(absl::string_view name);

}  // namespace muster::cli

#endif  // MUSTER_ORCHESTRATOR_CLI_SNIPPET_H_
