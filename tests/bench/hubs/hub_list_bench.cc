// Reading the list of a hub of mid 2026, 10,000 instances, beside what the JSON library alone does
// with the same bytes.
#include <benchmark/benchmark.h>
#include <simdjson.h>

#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "orchestrator/hub/instance_list.h"

namespace muster::hub {
namespace {

constexpr int kInstances = 10'000;

// As a hub writes it, indented, some 1.2 kB a record (certify.md 4.4, 6.2).
const std::string& List() {
  static const auto* const list = [] {
    auto* text = new std::string("[\n");
    for (int i = 0; i < kInstances; ++i) {
      const std::string guid =
          absl::StrFormat("%08x-6d0e-4a0b-9a57-%012x", i * 2654435761u, i * 7919);
      absl::StrAppend(
          text, i == 0 ? "" : ",\n", "  {\n    \"id\": \"", guid, "\",\n    \"instanceId\": \"",
          guid, "\",\n    \"internalInstanceId\": \"", guid, "\",\n    \"title\": \"WEB-", i,
          ".corp.example\",\n    \"description\": \"A server of the fleet\",\n    \"os\": "
          "\"Windows\",\n    \"osVersion\": \"Microsoft Windows 10.0.20348\",\n    "
          "\"clientName\": \"Certify Certificate Manager\",\n    \"clientVersion\": "
          "\"7.0.2.0\",\n    \"tags\": [\n      {\n        \"categoryKey\": \"site\",\n        "
          "\"value\": \"vienna\"\n      },\n      {\n        \"categoryKey\": \"role\",\n        "
          "\"value\": \"web\"\n      }\n    ],\n    \"dateLastReported\": "
          "\"2026-07-18T09:00:30.1234567+00:00\",\n    \"dateRegistered\": "
          "\"2026-07-18T08:59:58.7654321+00:00\",\n    \"connectionStatus\": \"",
          i % 10 == 0 ? "disconnected" : "connected",
          "\",\n    \"isPendingConnection\": false,\n    \"requestAuthSecretHash\": "
          "\"LPXm7Dh0YbS/lU9YetTZV3U/y8SL+JK15JmWuQzztHY=\",\n    \"summary\": {\n      "
          "\"total\": 12,\n      \"healthy\": 11,\n      \"warning\": 1,\n      \"error\": "
          "0,\n      \"awaitingRenewal\": 2,\n      \"noCertificate\": 0\n    },\n    "
          "\"effectiveAcl\": null\n  }");
    }
    absl::StrAppend(text, "\n]\n");
    return text;
  }();
  return *list;
}

void Count(benchmark::State& state) {
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * List().size()));
}

void BM_ReadInstanceList(benchmark::State& state) {
  for (auto _ : state) {
    auto list = ParseInstanceList(List());
    if (!list.ok() || list->instances.size() != kInstances) state.SkipWithError("not read");
    benchmark::DoNotOptimize(list);
  }
  Count(state);
}
BENCHMARK(BM_ReadInstanceList)->Unit(benchmark::kMillisecond);

// In pieces as they come from a socket.
void BM_ReadInstanceListInPieces(benchmark::State& state) {
  const absl::string_view text = List();
  for (auto _ : state) {
    InstanceListReader reader;
    for (size_t at = 0; at < text.size(); at += 16 << 10) reader.Write(text.substr(at, 16 << 10));
    auto list = reader.Finish();
    if (!list.ok() || list->instances.size() != kInstances) state.SkipWithError("not read");
    benchmark::DoNotOptimize(list);
  }
  Count(state);
}
BENCHMARK(BM_ReadInstanceListInPieces)->Unit(benchmark::kMillisecond);

// One name that is no UTF-8 in each thousand: their batches are read by the slow reader.
void BM_ReadInstanceListWithBadNames(benchmark::State& state) {
  std::string text = List();
  size_t at = 0;
  for (int i = 0; (at = text.find("WEB-", at + 1)) != std::string::npos; ++i) {
    if (i % 1000 == 0) text[at] = '\xFF';
  }
  for (auto _ : state) {
    auto list = ParseInstanceList(text);
    if (!list.ok() || list->instances.size() != kInstances) state.SkipWithError("not read");
    benchmark::DoNotOptimize(list);
  }
  Count(state);
}
BENCHMARK(BM_ReadInstanceListWithBadNames)->Unit(benchmark::kMillisecond);

// The library alone: a tree of the whole text, of which nothing is taken.
void BM_BareSimdjson(benchmark::State& state) {
  const simdjson::padded_string text(List());
  simdjson::dom::parser parser;
  for (auto _ : state) {
    simdjson::dom::element root;
    if (parser.parse(text).get(root) != simdjson::SUCCESS) state.SkipWithError("not parsed");
    benchmark::DoNotOptimize(root);
  }
  Count(state);
}
BENCHMARK(BM_BareSimdjson)->Unit(benchmark::kMillisecond);

void BM_BareNlohmann(benchmark::State& state) {
  for (auto _ : state) {
    bool valid = nlohmann::json::accept(List());
    benchmark::DoNotOptimize(valid);
  }
  Count(state);
}
BENCHMARK(BM_BareNlohmann)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace muster::hub
