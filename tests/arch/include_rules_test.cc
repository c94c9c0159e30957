// Dependencies point one way (docs/architecture.md). Debian puts all headers on the default path,
// so linking enforces nothing: this test reads every include of the tree against the table below.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "tests/arch/source_tree.h"

namespace muster::arch {
namespace {

struct Rule {
  const char* folder;     // Prefix of the including file.
  const char* forbidden;  // Regular expression for the included path.
  const char* reason;
};

constexpr char kSystemHeaders[] =
    "^(unistd\\.h|sys/.*|fcntl\\.h|signal\\.h|pwd\\.h|spawn\\.h|poll\\.h|pthread\\.h|netinet/.*|"
    "arpa/.*|termios\\.h|windows\\.h|win[a-z0-9]+\\.h|ws2tcpip\\.h|io\\.h|iphlpapi\\.h|aclapi\\.h|"
    "sddl\\.h|security\\.h|shlobj\\.h|shellapi\\.h)$";
constexpr char kWindowsHeaders[] =
    "^(windows\\.h|win[a-z0-9]+\\.h|ws2tcpip\\.h|io\\.h|iphlpapi\\.h|aclapi\\.h|sddl\\.h|"
    "security\\.h|shlobj\\.h|shellapi\\.h)$|^boost/asio/windows/|/platform/windows/";

constexpr Rule kRules[] = {
    {"base/", "^(proto|store|orchestrator|worker|tests|muster)/",
     "base is the ground: it knows nothing of ours"},
    {"proto/", "^(store|orchestrator|worker|tests)/", "the wire stands on base alone"},
    {"store/", "^(proto|muster|orchestrator|worker|tests)/|grpc",
     "the store knows neither the wire nor who uses it"},
    {"worker/", "^(store|orchestrator|tests)/",
     "the worker is light and never sees the orchestrator's insides"},
    {"orchestrator/", "^(worker|tests)/", "orchestrator and worker meet on the wire only"},
    {"orchestrator/core/", "grpc|protobuf|\\.pb\\.h|^proto/|^muster/",
     "decisions are made on plain values, not on messages"},
    {"orchestrator/core/", "sqlite|^base/sql/|^store/sqlite/",
     "the core sees the store's interfaces only"},
    {"orchestrator/core/", "curl|^base/http/(?!url\\.h$)|boost",
     "the core does no I/O; HubReader does. What a URL reaches is a plain value"},
    {"orchestrator/core/", "openssl|^base/crypto/", "the core sees the vault's interface only"},
    {"orchestrator/core/",
     "^thread$|^mutex$|^future$|^condition_variable$|^base/"
     "(mutex|thread_strand|thread_timers|blocking_pool)\\.h",
     "one strand owns the core's state; it needs no threads or locks"},
    {"orchestrator/core/", "absl/time/clock\\.h|absl/synchronization",
     "time comes through muster::Clock"},
    {"orchestrator/core/", "^orchestrator/(hub|identity|secrets|api|rpc|app|cli)/",
     "the core names interfaces; the app wires them"},
    {"orchestrator/api/", "grpc", "what operators are answered does not depend on what carries it"},
    {"orchestrator/api/", "sqlite|^base/sql/|^store/sqlite/",
     "the API sees the store's interfaces only"},
    {"orchestrator/api/",
     "^orchestrator/(hub|secrets|rpc|app|cli)/|^proto/rpc/(channel|credentials|grpc_log|status)",
     "carriers stand in front of the API, and name it"},
    {"orchestrator/metrics/",
     "grpc|^boost|sqlite|^base/sql/|^store/sqlite/|^orchestrator/"
     "(hub|secrets|identity|rpc|app|cli)/",
     "figures are made of what others know; who serves them is the app's affair"},
    {"(?!orchestrator/metrics/)", "^prometheus/", "one room knows the library of metrics"},
    {"orchestrator/rpc/admin/", "^store/|^orchestrator/core/",
     "gRPC carries the calls; the API answers them"},
    {"orchestrator/rpc/worker/", "^orchestrator/(api|rpc/admin)/",
     "what workers call knows nothing of what operators call"},
    {"orchestrator/core/hubs/", "^orchestrator/core/(enrollment|rollout|dispatch|pacing)/",
     "readings know nothing of servers"},
    {"orchestrator/core/enrollment/", "^orchestrator/core/(rollout|pacing)/",
     "what becomes of one enrollment does not depend on who asked for it"},
    {"orchestrator/core/(admission|dispatch|enrollment|hubs|inventory|pacing|rollout)/",
     "^orchestrator/core/sweep/", "what is compared does not know who compares"},
    {"orchestrator/core/sweep/", "^orchestrator/core/(rollout|dispatch|pacing)/",
     "sweeps look; what is done about a finding is a rollout"},
    {"orchestrator/core/(?!notify/|core\\.cc)", "^orchestrator/core/notify/",
     "what happens does not know who is told of it"},
    {"orchestrator/core/notify/",
     "^orchestrator/core/(rollout|dispatch|enrollment|hubs|pacing|sweep)/",
     "who tells looks at what was written, not at who decides"},
    {"orchestrator/notify/", "^orchestrator/(rpc|app|cli|api|identity|hub)/|grpc",
     "the sender is a leaf"},
    {"orchestrator/core/dispatch/", "^orchestrator/core/(enrollment|hubs|rollout|pacing)/",
     "delivery does not depend on why a command is sent"},
    {"orchestrator/core/pacing/", "^orchestrator/core/(enrollment|hubs|rollout|dispatch)/",
     "the pace is a matter of values"},
    {"orchestrator/hub/", "^orchestrator/(rpc|app|cli|identity)/|grpc", "the hub client is a leaf"},
    {"orchestrator/evidence/", "^orchestrator/(?!evidence/)|^(store|proto|muster)/|grpc",
     "the check of packs is in the command line, too, and reads nothing but a file"},
    {"orchestrator/net/", "^orchestrator/(?!net/)|^(store|proto|muster)/|grpc|openssl",
     "who may come in is decided before anything is said"},
    {"orchestrator/cli/", "^orchestrator/(core|rpc|app|hub|secrets)/|^store/",
     "the CLI is a client like any other: it uses the admin API"},
    {"store/model/", "sqlite|^base/sql/|^store/(sqlite|interface)/", "plain values"},
    {"store/interface/", "sqlite|^base/sql/|^store/sqlite/", "interfaces know no implementation"},
    {"worker/session/", "grpc", "the session loop is tested without gRPC; worker/rpc adapts it"},
    {"worker/commands/", "grpc", "commands know nothing of the stream"},
    {"worker/service/", "grpc|^worker/(session|rpc)/", "drivers talk to the local service only"},
    {"(base|worker)/(?!platform/)", kSystemHeaders,
     "what differs between systems lives in base/platform/<system>/ and worker/platform/<system>/"},
    {"(base|worker)/platform/[^/]*$", kSystemHeaders,
     "a header of the platform names no system; its sources do"},
    {"orchestrator/cli/(?!terminal_)", kSystemHeaders,
     "operators sit at any system: only terminal_<system>.cc names one"},
    {"(base|worker)/(?!.*platform/windows/)", kWindowsHeaders,
     "Windows is named in its own folders"},
    {"(base|worker)/platform/windows/",
     "^(unistd\\.h|sys/.*|pthread\\.h|poll\\.h)$|/(posix|linux)/",
     "what MinGW borrows of posix is not on every Windows compiler"},
    {"(base|worker)/platform/(posix|linux)/", "/windows/", "one system per folder"},
};

TEST(IncludeRules, HoldForEveryFile) {
  const std::vector<SourceFile> files =
      ReadSources({"base", "proto", "store", "orchestrator", "worker"});
  ASSERT_GT(files.size(), 50u) << "the tree was not found";
  for (const Rule& rule : kRules) {
    const std::regex folder("^" + std::string(rule.folder));
    const std::regex forbidden(rule.forbidden);
    for (const SourceFile& file : files) {
      if (!std::regex_search(file.path, folder)) continue;
      for (const Include& include : IncludesOf(file)) {
        EXPECT_FALSE(std::regex_search(include.path, forbidden))
            << file.path << ":" << include.line << " includes " << include.path << ": "
            << rule.reason;
      }
    }
  }
}

// The table must be able to fail: a rule whose pattern is mistyped would never fire.
TEST(IncludeRules, FireOnWhatTheyForbid) {
  const SourceFile bad{
      "orchestrator/core/x.cc",
      {"#include <grpcpp/grpcpp.h>", "  #  include <x>", "#include \"base/http/client.h\""}};
  const std::vector<Include> includes = IncludesOf(bad);
  ASSERT_EQ(includes.size(), 2u);
  EXPECT_EQ(includes[1].line, 3);
  int fired = 0;
  for (const Rule& rule : kRules) {
    if (!std::regex_search(bad.path, std::regex("^" + std::string(rule.folder)))) continue;
    for (const Include& include : includes)
      fired += std::regex_search(include.path, std::regex(rule.forbidden));
  }
  EXPECT_EQ(fired, 2);
}

}  // namespace
}  // namespace muster::arch
