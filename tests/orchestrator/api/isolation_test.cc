// The tenants' wall from the outside: an operator of alpha, in every role, calls every method of
// muster.admin.v1 with everything that is bravo's in every field, and learns nothing.
//
//   for each method (by reflection), for each role
//     for each text field, for each thing of bravo's
//       call with the thing ─┐ the same code and the same words, but for what was asked;
//       call with no thing  ─┘ nothing of bravo's in either; bravo's rows are as they were
//
// The same probes, called as the provider, must find bravo's things: a method that they cannot reach
// fails here, so that a new one is covered or says why it has no need (kOfNoTenant).
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/crypto/certificate_request.h"
#include "base/crypto/key.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "muster/admin/v1/finding.pb.h"
#include "muster/admin/v1/inventory.pb.h"
#include "muster/admin/v1/notification.pb.h"
#include "muster/admin/v1/rollout.pb.h"
#include "muster/admin/v1/system.pb.h"
#include "muster/admin/v1/token.pb.h"
#include "muster/admin/v1/verification.pb.h"
#include "tests/orchestrator/api/api_bench.h"

namespace muster::api {
namespace {

namespace admin = muster::admin::v1;
using google::protobuf::FieldDescriptor;
using testing::IsEmpty;

// Methods whose answers are about no tenant's things, so that no probe can reach any.
const std::set<std::string>& OfNoTenant() {
  static const auto* const methods = new std::set<std::string>{
      "/muster.admin.v1.SystemService/GetStatus",  // Its counts have a test of their own.
      "/muster.admin.v1.SystemService/VerifyAudit",
      "/muster.admin.v1.SystemService/ListAuditHeads",
      "/muster.admin.v1.OperatorService/WhoAmI",  // Of the caller alone.
      "/muster.admin.v1.EvidenceService/GetEvidenceKey",
  };
  return *methods;
}

// ---- words ----

std::string PageToken(const std::string& list, const std::string& cursor) {
  return absl::WebSafeBase64Escape(absl::StrCat(list, "\n", cursor));
}

// Whose things a request names: words by the name of the field.
using Words = std::map<std::string, std::string>;

Words WordsOf(const std::string& tenant) {
  const auto& names = TwoTenants().names;
  const std::string zone = absl::StrCat(tenant, "/", tenant, "zone");
  return {{"tenant_id", tenant},
          {"zone_id", zone},
          {"zone", tenant + "zone"},
          {"server", names.at(tenant + ".server")},
          {"name", tenant + "web1"},
          {"names", tenant + "web1"},
          {"server_names", tenant + "web1"},
          {"token_id", names.at(tenant + ".token_id")},
          {"rollout_id", names.at(tenant + ".rollout_id")},
          {"finding_id", "fnd-" + tenant},
          {"sweep_id", "swp-" + tenant},
          {"channel_id", absl::StrCat(tenant, "/", tenant, "hook")},
          {"machine", "mch-" + tenant},
          {"delivery_id", "dlv-" + tenant},
          {"subject", names.at(tenant + ".server")},
          {"hub_url", absl::StrCat("https://", tenant, "hub.example")},
          {"actor", absl::StrCat("operator:opr-", tenant, "-viewer")},
          {"operator_id", absl::StrCat("opr-", tenant, "-viewer")},
          {"operator", absl::StrCat("opr-", tenant, "-viewer")},
          {"tenant_ids", tenant},
          {"tenants", tenant}};
}

// All of a tenant's things, for fields whatever they are called.
std::vector<std::string> ThingsOf(const std::string& tenant) {
  std::set<std::string> things;
  for (const auto& [field, word] : WordsOf(tenant)) things.insert(word);
  const Words words = WordsOf(tenant);
  things.insert(absl::StrCat(words.at("zone_id"), "/", tenant, "web1"));
  things.insert(tenant + "web*");
  things.insert("cmd-" + tenant);
  things.insert("att-" + tenant);
  things.insert(tenant + "proof");
  things.insert(tenant + "-viewer");  // The name of an operator.
  return {things.begin(), things.end()};
}
std::vector<std::string> TokensOf(const std::string& tenant) {
  const Words words = WordsOf(tenant);
  return {words.at("rollout_id"),
          PageToken("rollouts", words.at("rollout_id")),
          PageToken("servers", absl::StrCat(words.at("zone_id"), "/", tenant, "web2")),
          PageToken("targets", absl::StrCat(words.at("zone_id"), "/", tenant, "web0")),
          PageToken("findings", "fnd-" + tenant),
          PageToken("sweeps", "swp-" + tenant),
          PageToken("deliveries", "dlv-" + tenant),
          PageToken("report", absl::StrCat(words.at("zone_id"), "/", tenant, "web2"))};
}

// What looks the same and does not exist: "bravo" → "brxvo"; ids made by dice end otherwise.
std::string TwinOf(const std::string& thing) {
  std::string decoded;
  if (absl::WebSafeBase64Unescape(thing, &decoded) && absl::StrContains(decoded, '\n')) {
    const std::vector<std::string> parts = absl::StrSplit(decoded, '\n');
    return PageToken(parts[0], TwinOf(parts[1]));
  }
  std::string twin = thing;
  bool named = false;
  for (size_t at = twin.find("bravo"); at != std::string::npos; at = twin.find("bravo", at)) {
    twin.replace(at, 5, "brxvo");
    named = true;
  }
  if (!named && !twin.empty()) {
    for (size_t i = twin.size() - std::min<size_t>(4, twin.size()); i < twin.size(); ++i) {
      twin[i] = twin[i] == 'z' ? 'y' : 'z';
    }
  }
  return twin;
}

// ---- requests ----

// The text of a field, or "" to leave it out; `path` tells fields of one name apart.
using Choose = std::function<std::string(const std::string& path, const FieldDescriptor& field)>;

void Fill(Message& message, const std::string& above, const Choose& choose) {
  const auto* descriptor = message.GetDescriptor();
  const auto* reflection = message.GetReflection();
  if (absl::StartsWith(descriptor->full_name(), "google.protobuf.")) return;
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const FieldDescriptor& field = *descriptor->field(i);
    const std::string path = absl::StrCat(above, ".", field.name());
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      const std::unique_ptr<Message> part(google::protobuf::MessageFactory::generated_factory()
                                              ->GetPrototype(field.message_type())
                                              ->New());
      Fill(*part, path, choose);
      if (part->ByteSizeLong() == 0) continue;
      (field.is_repeated() ? reflection->AddMessage(&message, &field)
                           : reflection->MutableMessage(&message, &field))
          ->CopyFrom(*part);
    } else if (field.type() == FieldDescriptor::TYPE_STRING) {
      const std::string text = choose(path, field);
      if (text.empty()) continue;
      if (field.is_repeated()) {
        reflection->AddString(&message, &field, text);
      } else {
        reflection->SetString(&message, &field, text);
      }
    } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM && !field.is_repeated() &&
               field.enum_type()->value_count() > 1) {
      // A rename takes a name; of others the first will do.
      const auto* rename = field.enum_type()->FindValueByName("ACTION_RENAME");
      reflection->SetEnum(&message, &field,
                          rename != nullptr ? rename : field.enum_type()->value(1));
    }
  }
}

std::unique_ptr<Message> RequestOf(const Method& method, const Choose& choose) {
  std::unique_ptr<Message> request = AdminApi::NewRequest(method);
  Fill(*request, "", choose);
  return request;
}

// Where texts go in the method's request.
std::map<std::string, const FieldDescriptor*> TextFieldsOf(const Method& method) {
  std::map<std::string, const FieldDescriptor*> fields;
  // Filled with something everywhere, so that every part is there.
  (void)RequestOf(method, [&](const std::string& path, const FieldDescriptor& field) {
    fields[path] = &field;
    return std::string("x");
  });
  return fields;
}

// What is harmless beside a field under test: alpha's own place, and names that fit nobody.
std::string Harmless(const FieldDescriptor& field) {
  static const auto* const words = new Words([] {
    Words harmless = WordsOf("alpha");
    for (const char* name : {"subject", "actor", "operator_id", "operator", "tenant_ids"}) {
      harmless.erase(name);
    }
    harmless["name"] = harmless["names"] = "alphanone";
    harmless["server_names"] = "alphanone";
    harmless["new_name"] = "alphanew";
    harmless["client_id"] = "client";
    harmless["secret"] = "harmless and long enough";
    harmless["certificate_request_pem"] =
        *crypto::CertificateRequest::Create(*crypto::PrivateKey::Generate(), "harmless");
    return harmless;
  }());
  const auto it = words->find(field.name());
  return it == words->end() ? "" : it->second;
}

// Things by the names of fields, all of one owner.
std::unique_ptr<Message> RequestNaming(const Method& method, const Words& words) {
  return RequestOf(method, [&](const std::string&, const FieldDescriptor& field) {
    const auto it = words.find(field.name());
    return it == words.end() ? Harmless(field) : it->second;
  });
}

// ---- answers ----

// Each of `asked`, where it stands as a word or a part of a path, is what the caller said.
std::string Masked(std::string text, const std::vector<std::string>& asked) {
  std::set<std::string, std::function<bool(const std::string&, const std::string&)>> words(
      [](const std::string& a, const std::string& b) {
        return a.size() != b.size() ? a.size() > b.size() : a < b;
      });
  for (const std::string& thing : asked) {
    words.insert(thing);
    for (absl::string_view part : absl::StrSplit(thing, '/')) {
      if (!absl::EndsWith(part, ":")) words.insert(std::string(part));  // "https:" is nobody's.
    }
  }
  const auto inside = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '.';
  };
  for (const std::string& word : words) {
    if (word.empty()) continue;
    for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at)) {
      const size_t end = at + word.size();
      const bool whole = (at == 0 || !inside(text[at - 1])) &&
                         (end == text.size() || !inside(text[end]) || text[end] == '.');
      if (whole) text.replace(at, word.size(), "<asked>");
      at += whole ? 7 : word.size();
    }
  }
  return text;
}

// What the tenant has, as it may show itself in an answer.
std::vector<std::string> SeenOf(const std::string& tenant, const std::string& text) {
  std::vector<std::string> seen;
  if (absl::StrContains(absl::AsciiStrToLower(text), tenant)) seen.push_back(tenant);
  for (const auto& [key, id] : TwoTenants().names) {
    if (absl::StartsWith(key, tenant) && absl::StrContains(text, id)) seen.push_back(id);
  }
  return seen;
}

// Without what is new in every answer: ids made by dice, secrets, versions.
std::string Comparable(const std::string& text) {
  static constexpr const char* kFresh[] = {"token_file:",
                                           "joining_key_version:",
                                           "joining_key_fingerprint:",
                                           "secret_fingerprint:",
                                           "delivery_id:",
                                           "token_id:",
                                           "rollout_id:",
                                           "sweep_id:",
                                           "sequence:",
                                           "next_page_token:"};
  std::string out;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    const absl::string_view field = absl::StripLeadingAsciiWhitespace(line);
    const bool fresh = std::any_of(std::begin(kFresh), std::end(kFresh),
                                   [&](const char* name) { return absl::StartsWith(field, name); });
    if (!fresh) absl::StrAppend(&out, line, "\n");
  }
  return out;
}

std::string Whole(const Outcome& outcome) {
  return absl::StrCat(outcome.status.ToString(), "\n", outcome.text);
}

// All that is kept of bravo, as the provider sees it.
std::string StateOf(ApiBench& bench, const std::string& tenant) {
  std::string state;
  const auto add = [&](const Message& message) { absl::StrAppend(&state, TextOf(message)); };
  admin::ListServersRequest servers;
  servers.mutable_selection()->set_tenant_id(tenant);
  add(bench.Get<admin::ListServersResponse>("provider",
                                            "/muster.admin.v1.ServerService/ListServers", servers));
  admin::ListZonesRequest zones;
  zones.set_tenant_id(tenant);
  add(bench.Get<admin::ListZonesResponse>("provider", "/muster.admin.v1.ZoneService/ListZones",
                                          zones));
  admin::ListTokensRequest tokens;
  tokens.set_zone_id(WordsOf(tenant).at("zone_id"));
  add(bench.Get<admin::ListTokensResponse>("provider", "/muster.admin.v1.TokenService/ListTokens",
                                           tokens));
  admin::ListRolloutsRequest rollouts;
  rollouts.set_tenant_id(tenant);
  add(bench.Get<admin::ListRolloutsResponse>(
      "provider", "/muster.admin.v1.RolloutService/ListRollouts", rollouts));
  admin::ListTargetsRequest targets;
  targets.set_rollout_id(WordsOf(tenant).at("rollout_id"));
  add(bench.Get<admin::ListTargetsResponse>(
      "provider", "/muster.admin.v1.RolloutService/ListTargets", targets));
  admin::ListFindingsRequest findings;
  findings.mutable_selection()->set_tenant_id(tenant);
  add(bench.Get<admin::ListFindingsResponse>(
      "provider", "/muster.admin.v1.FindingService/ListFindings", findings));
  admin::ListSweepsRequest sweeps;
  sweeps.mutable_selection()->set_tenant_id(tenant);
  add(bench.Get<admin::ListSweepsResponse>("provider", "/muster.admin.v1.SweepService/ListSweeps",
                                           sweeps));
  const auto channels = bench.Get<admin::ListChannelsResponse>(
      "provider", "/muster.admin.v1.NotificationService/ListChannels",
      admin::ListChannelsRequest());
  for (const admin::Channel& channel : channels.channels()) {
    if (channel.tenant_id() == tenant) add(channel);
  }
  const auto deliveries = bench.Get<admin::ListDeliveriesResponse>(
      "provider", "/muster.admin.v1.NotificationService/ListDeliveries",
      admin::ListDeliveriesRequest());
  for (const admin::Delivery& delivery : deliveries.deliveries()) {
    if (absl::StartsWith(delivery.channel_id(), tenant)) add(delivery);
  }
  const auto snapshot = bench.store().Read();
  const auto events =
      (*snapshot)->audit().List(store::TenantWall::Of({TenantId(tenant)}), "", 0, 0);
  for (const store::AuditEvent& event : *events) {
    absl::StrAppend(&state, event.sequence, " ", event.action, " ", event.detail, "\n");
  }
  return state;
}

std::vector<std::string> Methods() {
  std::vector<std::string> paths;
  for (const auto* service : AdminServices()) {
    for (int i = 0; i < service->method_count(); ++i) {
      paths.push_back(absl::StrCat("/", service->full_name(), "/", service->method(i)->name()));
    }
  }
  return paths;
}

class Isolation : public testing::TestWithParam<std::string> {
 protected:
  // One probe and its twin: two requests that differ in whether what they name exists.
  void Compare(ApiBench& bench, const std::string& op, const Message& with, const Message& without,
               const std::vector<std::string>& asked, const std::vector<std::string>& twins,
               const std::string& what) {
    const Method& method = *bench.api().Find(GetParam());
    // What a first call makes of alpha's own is there for both.
    (void)bench.Call(op, method, without);
    // What is alpha's own may still have the twin's words, of a probe before.
    const std::string heard = Masked(Masked(Whole(bench.Call(op, method, with)), asked), twins);
    const std::string nothing = Masked(Whole(bench.Call(op, method, without)), twins);
    asked_.insert(asked_.end(), asked.begin(), asked.end());
    EXPECT_THAT(SeenOf("bravo", Masked(heard, asked_)), IsEmpty())
        << op << " calls " << GetParam() << " with " << what << " and hears\n"
        << heard;
    EXPECT_EQ(Comparable(heard), Comparable(nothing))
        << op << " calls " << GetParam() << " with " << what;
  }

  // What the operator wrote down itself may be shown to it.
  std::vector<std::string> asked_;
};

TEST_P(Isolation, AnOperatorOfOneTenantLearnsNothingOfAnother) {
  const Words bravo = WordsOf("bravo");
  Words twin;
  std::vector<std::string> asked, twins;
  for (const auto& [field, word] : bravo) {
    twin[field] = TwinOf(word);
    asked.push_back(word);
    twins.push_back(twin[field]);
  }
  for (const char* role : {"viewer", "operator", "tenant_admin", "provider_admin"}) {
    const std::string op = absl::StrCat("alpha-", role);
    ApiBench bench(TwoTenants());
    const Method& method = *bench.api().Find(GetParam());
    const std::string before = StateOf(bench, "bravo");
    asked_.clear();

    const Outcome plain = bench.Call(op, method, *AdminApi::NewRequest(method));
    EXPECT_THAT(SeenOf("bravo", Whole(plain)), IsEmpty())
        << op << " calls " << GetParam() << " and hears\n"
        << Whole(plain);
    Compare(bench, op, *RequestNaming(method, bravo), *RequestNaming(method, twin), asked, twins,
            "all that is bravo's");
    if (FailureCodeOf(plain.status) != FailureCode::kAuthForbidden) {
      for (const auto& text_field : TextFieldsOf(method)) {
        const std::string& path = text_field.first;
        const FieldDescriptor* const field = text_field.second;
        for (const std::string& thing :
             field->name() == "page_token" ? TokensOf("bravo") : ThingsOf("bravo")) {
          const auto with = [&](const std::string& text) {
            return RequestOf(method, [&](const std::string& at, const FieldDescriptor& other) {
              return at == path ? text : Harmless(other);
            });
          };
          Compare(bench, op, *with(thing), *with(TwinOf(thing)), {thing}, {TwinOf(thing)},
                  absl::StrCat("\"", thing, "\" in ", path));
        }
      }
    }
    EXPECT_EQ(StateOf(bench, "bravo"), before) << op << " called " << GetParam();
  }
}

// Otherwise the test above shows nothing.
TEST_P(Isolation, TheSameProbesReachWhatExists) {
  if (OfNoTenant().contains(GetParam())) GTEST_SKIP() << "of no tenant";
  ApiBench bench(TwoTenants());
  const Method& method = *bench.api().Find(GetParam());
  const Words bravo = WordsOf("bravo");
  Words twin;
  std::vector<std::string> asked, twins;
  for (const auto& [field, word] : bravo) {
    twin[field] = TwinOf(word);
    asked.push_back(word);
    twins.push_back(twin[field]);
  }
  const std::string plain = Whole(bench.Call("provider", method, *AdminApi::NewRequest(method)));
  const std::string nothing =
      Masked(Whole(bench.Call("provider", method, *RequestNaming(method, twin))), twins);
  const std::string heard =
      Masked(Whole(bench.Call("provider", method, *RequestNaming(method, bravo))), asked);
  EXPECT_TRUE(!SeenOf("bravo", plain).empty() || Comparable(heard) != Comparable(nothing))
      << "no probe reaches a tenant's things by " << GetParam()
      << ": teach WordsOf the names of its fields, or say in OfNoTenant why there are none\n"
      << heard;
}

INSTANTIATE_TEST_SUITE_P(AdminApi, Isolation, testing::ValuesIn(Methods()), [](const auto& test) {
  return test.param.substr(test.param.rfind('/') + 1);
});

// Counts are filtered as lists are.
TEST(IsolationOfCounts, TheStatusCountsWhatTheCallerMaySee) {
  ApiBench bench(TwoTenants());
  const auto status = [&](const char* op) {
    return bench.Get<admin::SystemStatus>(op, "/muster.admin.v1.SystemService/GetStatus",
                                          admin::GetStatusRequest());
  };
  const admin::SystemStatus mine = status("alpha-viewer");
  EXPECT_EQ(mine.sessions(), 4) << "of its own servers, who are all connected";
  EXPECT_EQ(mine.running_rollouts(), 1);
  EXPECT_EQ(mine.checks_size(), 1) << "none that counts all tenants' machines";
  const admin::SystemStatus all = status("provider");
  EXPECT_EQ(all.sessions(), 1000);
  EXPECT_EQ(all.running_rollouts(), 3);
  EXPECT_EQ(all.checks_size(), 2);
}

// A server's history holds what its own tenant may know: that another tenant's token was shown is
// the provider's to see.
TEST(IsolationOfCounts, AnExplanationKeepsToTheWall) {
  ApiBench bench(TwoTenants());
  admin::GetServerRequest get;
  get.set_server(TwoTenants().names.at("alpha.server"));
  const auto explain = [&](const char* op) {
    return TextOf(bench.Get<admin::ExplainServerResponse>(
        op, "/muster.admin.v1.ServerService/ExplainServer", get));
  };
  EXPECT_THAT(explain("alpha-tenant_admin"), testing::Not(testing::HasSubstr("bravo")));
  EXPECT_THAT(explain("provider"), testing::HasSubstr("bravo was there"));
}

}  // namespace
}  // namespace muster::api
