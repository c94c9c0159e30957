#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/status_macros.h"
#include "base/utf8.h"
#include "orchestrator/cli/commands.h"

// Manual pages in the language of man(7), from the descriptions that --help shows: muster.1, and
// muster-NOUN.1 for each noun with its verbs.
namespace muster::cli {
namespace {

// Text as roff shows it: no request, no escape, hyphens that can be copied, ASCII only.
std::string Roff(absl::string_view text) {
  std::string out;
  bool begins_line = true;
  while (!text.empty()) {
    const size_t length = std::max<size_t>(Utf8Length(text), 1);
    const char c = text[0];
    if (begins_line && (c == '.' || c == '\'')) absl::StrAppend(&out, "\\&");
    if (c == '\\') {
      absl::StrAppend(&out, "\\e");
    } else if (c == '-') {
      absl::StrAppend(&out, "\\-");
    } else if (c == '\'') {
      absl::StrAppend(&out, "\\(aq");
    } else if (length == 1) {
      out.push_back(c);
    } else if (absl::StartsWith(text, "…")) {
      absl::StrAppend(&out, "...");  // Not every output of man has the character.
    } else {
      uint32_t point = static_cast<unsigned char>(c) & (0x7F >> length);
      for (size_t i = 1; i < length; ++i) {
        point = (point << 6) | (static_cast<unsigned char>(text[i]) & 0x3F);
      }
      absl::StrAppendFormat(&out, "\\[u%04X]", point);
    }
    begins_line = c == '\n';
    text.remove_prefix(length);
  }
  return out;
}

std::vector<const CLI::App*> VerbsOf(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* verb) { return !verb->get_group().empty(); });
}

// "\-o, \-\-output TEXT".
std::string OptionHead(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back(Roff("-" + name));
  for (const std::string& name : option.get_lnames()) names.push_back(Roff("--" + name));
  std::string head = absl::StrCat("\\fB", absl::StrJoin(names, "\\fR, \\fB"), "\\fR");
  if (option.get_positional()) {
    return absl::StrCat("\\fI", Roff(absl::AsciiStrToUpper(option.get_name())), "\\fR");
  }
  if (option.get_items_expected_max() > 0) {
    const std::string type = option.get_type_name();  // "TEXT", "TEXT:{table,json}"
    // With spaces, so that a long list of words breaks into lines.
    absl::StrAppend(&head, " \\fI",
                    absl::StrReplaceAll(Roff(absl::StripPrefix(type, "TEXT:")), {{",", ", "}}),
                    "\\fR");
  }
  return head;
}

void AppendOptions(const CLI::App& app, std::string& page) {
  for (const CLI::Option* option : app.get_options()) {
    if (option == app.get_help_ptr()) continue;
    absl::StrAppend(&page, ".TP\n", OptionHead(*option), "\n", Roff(option->get_description()),
                    "\n");
  }
}

void AppendExamples(const CLI::App& app, std::string& page) {
  const std::string text = app.get_footer();
  absl::string_view footer = text;
  if (!absl::ConsumePrefix(&footer, "Example:\n")) return;
  absl::StrAppend(&page, ".PP\nExample:\n.PP\n.nf\n.RS 4\n");
  for (const absl::string_view line : absl::StrSplit(footer, '\n')) {
    absl::StrAppend(&page, Roff(absl::StripLeadingAsciiWhitespace(line)), "\n");
  }
  absl::StrAppend(&page, ".RE\n.fi\n");
}

// One verb with its arguments, flags and example; `line` is "muster server list".
void AppendVerb(const CLI::App& verb, const std::string& line, std::string& page) {
  absl::StrAppend(&page, ".SS \"", Roff(line), "\"\n", Roff(verb.get_description()), "\n");
  AppendOptions(verb, page);
  AppendExamples(verb, page);
}

std::string PageHead(const std::string& name, const std::string& description) {
  return absl::StrCat(".TH \"", Roff(absl::AsciiStrToUpper(name)), "\" 1 \"\" \"muster ",
                      Roff(MUSTER_VERSION), "\" \"Muster\"\n.SH NAME\n", Roff(name), " \\- ",
                      Roff(description), "\n");
}

// muster-server.1: the noun's verbs; muster-apply.1: a command without verbs.
std::string CommandPage(const CLI::App& app, const CLI::App& root) {
  const std::string name = absl::StrCat(root.get_name(), "-", app.get_name());
  const std::string line = absl::StrCat(root.get_name(), " ", app.get_name());
  std::string page = PageHead(name, app.get_description());
  const std::vector<const CLI::App*> verbs = VerbsOf(app);
  absl::StrAppend(&page, ".SH SYNOPSIS\n\\fB", Roff(line), "\\fR ",
                  verbs.empty() ? "" : "\\fIVERB\\fR ", "[\\fIFLAGS\\fR]\n");
  if (verbs.empty()) {
    absl::StrAppend(&page, ".SH DESCRIPTION\n", Roff(app.get_description()), "\n");
    AppendOptions(app, page);
    AppendExamples(app, page);
  } else {
    absl::StrAppend(&page, ".SH COMMANDS\n");
    for (const CLI::App* verb : verbs) {
      AppendVerb(*verb, absl::StrCat(line, " ", verb->get_name()), page);
    }
  }
  absl::StrAppend(&page, ".SH SEE ALSO\n\\fB", Roff(root.get_name()), "\\fR(1)\n");
  return page;
}

std::string RootPage(const CLI::App& root) {
  std::string page = PageHead(root.get_name(), root.get_description());
  absl::StrAppend(&page, ".SH SYNOPSIS\n\\fB", Roff(root.get_name()),
                  "\\fR \\fINOUN\\fR \\fIVERB\\fR [\\fIARGUMENTS\\fR] [\\fIFLAGS\\fR]\n",
                  ".SH COMMANDS\n");
  for (const CLI::App* app : VerbsOf(root)) {
    absl::StrAppend(&page, ".TP\n\\fB", Roff(root.get_name()), "\\-", Roff(app->get_name()),
                    "\\fR(1)\n", Roff(app->get_description()), "\n");
  }
  absl::StrAppend(&page, ".SH OPTIONS\nThey may stand anywhere in the line.\n");
  AppendOptions(root, page);
  absl::StrAppend(&page, ".SH EXIT STATUS\n", Roff(root.get_footer()), "\n");
  return page;
}

absl::Status WritePage(const std::filesystem::path& path, const std::string& page) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << page;
  out.close();
  if (out) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("cannot write ", path.string(), "; is the directory there and writable?"));
}

absl::StatusOr<ExitCode> WritePages(Context& context, const CLI::App& root,
                                    const std::string& directory) {
  const std::filesystem::path folder(directory);
  RETURN_IF_ERROR(WritePage(folder / absl::StrCat(root.get_name(), ".1"), RootPage(root)));
  int pages = 1;
  for (const CLI::App* app : VerbsOf(root)) {
    RETURN_IF_ERROR(WritePage(folder / absl::StrCat(root.get_name(), "-", app->get_name(), ".1"),
                              CommandPage(*app, root)));
    ++pages;
  }
  context.output().Say(absl::StrCat(pages, " pages in ", directory, "; read one with: man -l ",
                                    (folder / "muster.1").string()));
  return ExitCode::kOk;
}

}  // namespace

void AddManCommand(CommandTree& tree) {
  const CLI::App* const root = &tree.root();
  auto directory = std::make_shared<std::string>();
  CLI::App& man = tree.Verb(
      tree.root(), "man", "Write the manual pages of all commands into a directory",
      "muster man /usr/local/share/man/man1",
      [root, directory](Context& context) { return WritePages(context, *root, *directory); });
  man.add_option("directory", *directory, "An existing directory; pages there are replaced")
      ->required();
}

}  // namespace muster::cli
