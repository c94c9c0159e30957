// What the service says: every message of certify.md 1.5 is classified, and none keeps a
// secret.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "base/excerpt.h"
#include "base/failure_code.h"
#include "base/redact.h"
#include "tests/worker/worker_fixture.h"
#include "worker/service/classify.h"
#include "worker/service/cli_driver.h"
#include "worker/service/join_answer.h"

namespace muster::worker {
namespace {

using testing::HasSubstr;
using testing::Not;
using Outcome = JoinAnswer::Outcome;

constexpr char kCould[] = "Could not connect to Management Hub";

struct TextRow {
  std::string message;
  FailureCode code;
  bool doubt = false;
};

JoinCall Call() { return {kHub, "managedinstance_sp_01", Secret::CopyOf(kCanary)}; }

std::vector<TextRow> Messages() {
  const std::string could = kCould;
  using F = FailureCode;
  return {
      {could + ". Unauthorized - ", F::kJoinKeyRefused},
      {could + ". Unauthorized - Access token unknown, expired or revoked.", F::kJoinKeyRefused},
      {could + ". Unauthorized - Not authorized to perform managedinstance_join_action",
       F::kJoinKeyRefused},
      {could + ". Unauthorized - X-Client-ID or X-Client-Secret HTTP header missing in request",
       F::kJoinKeyRefused},
      {could + ". Unauthorized - Access token not authorized or invalid for action",
       F::kJoinKeyRefused},
      {could + " (Unauthorized).  - Check credentials https://hub/api/v1/hub/register id " +
           kCanary + " .",
       F::kJoinKeyRefused},
      {could + ". Unauthorized - Invalid hub assigned instance id format", F::kJoinIdRejected},
      {could + ". Unauthorized - X-Certify-HubAssignedId HTTP header missing in request",
       F::kJoinIdRejected},
      {"Hub Assigned Instance ID is required when rejoining the hub.", F::kJoinIdRejected},
      {could + ". Unauthorized - X-Certify-Signature header is required.", F::kJoinHubRefused},
      {could + ". Bad Request - Managed instance already exists.", F::kJoinHubRefused},
      {could + ". Too Many Requests - ", F::kJoinRateLimited},
      {could + ". Internal Server Error - ", F::kJoinHubError},
      {could + ". An error occurred while processing your request. - ", F::kJoinHubError},
      {could + ". Check URL.", F::kJoinHubError},
      {could + ". Connection refused (port may not be open or service not running). https://h",
       F::kJoinHubUnreachable},
      {could + ". Network error: No connection could be made because the target machine actively "
               "refused it.",
       F::kJoinHubUnreachable},
      {could + ". Network error: No such host is known. (hub:443)", F::kJoinHubUnreachable},
      {could + ". Network error: Name or service not known (hub:443)", F::kJoinHubUnreachable},
      {could + ". Network error: The SSL connection could not be established, see inner exception.",
       F::kJoinHubTls},
      {could + ". Network error: The response ended prematurely.", F::kJoinHubUnreachable, true},
      {could + ". Timeout trying to connect to hub, service may unavailable. https://h",
       F::kJoinTimeout, true},
      {could + ". System.UriFormatException: Invalid URI: The format could not be determined.",
       F::kJoinUnknownAnswer},
      {could + ". System.InvalidOperationException: odd", F::kJoinUnknownAnswer, true},
      {"A problem occurred when connecting to the management hub. Check URL and credentials.",
       F::kJoinNotConnected},
      {"Something entirely new", F::kJoinUnknownAnswer},
      {"", F::kJoinUnknownAnswer},
  };
}

TEST(ClassifyTest, EveryMessageOfTheContract) {
  for (const TextRow& row : Messages()) {
    const MessageMeaning meaning = ClassifyJoinMessage(row.message);
    EXPECT_STREQ(TextOf(meaning.code), TextOf(row.code)) << row.message;
    EXPECT_EQ(meaning.hub_may_have_acted, row.doubt) << row.message;
  }
}

TEST(JoinAnswerTest, TheFailureKeepsNoSecret) {
  for (const TextRow& row : Messages()) {
    const JoinAnswer answer = RefusedWith(row.message, Call());
    EXPECT_EQ(answer.outcome, row.doubt ? Outcome::kUnsure : Outcome::kFailed) << row.message;
    EXPECT_THAT(answer.failure->detail, Not(HasSubstr(kCanary)));
  }
}

// Some services repeat what they were sent; no change of it comes through, in no answer.
TEST(JoinAnswerTest, ASecretThatIsChangedIsNotKeptEither) {
  const std::string secret = "2d1f0c7e-91b4-4e0a-8f3c-5a6b7c8d9e0f";
  const JoinCall call{kHub, "managedinstance_sp_01", Secret::CopyOf(secret)};
  std::string spaced, entities;
  for (const char c : secret) {
    absl::StrAppend(&spaced, std::string(1, c), " ");
    absl::StrAppend(&entities, "&#", static_cast<int>(c), ";");
  }
  const std::string backwards(secret.rbegin(), secret.rend());
  for (const std::string& guise :
       {secret, backwards, spaced, entities, secret.substr(0, 18) + "\n" + secret.substr(18)}) {
    const std::string message =
        absl::StrCat(kCould, " (Unauthorized). ", guise, " - Check credentials ", kHub, " ", guise);
    const JoinAnswer answer = RefusedWith(message, call);
    EXPECT_EQ(answer.failure->code, FailureCode::kJoinKeyRefused);
    const std::string& detail = answer.failure->detail;
    EXPECT_THAT(detail, HasSubstr(absl::StrCat(kCould, " (Unauthorized")));
    EXPECT_THAT(detail, HasSubstr(absl::StrCat("Check credentials ", kHub)));
    EXPECT_LT(detail.size(), 160u) << detail;
    const absl::string_view sent[] = {secret};
    EXPECT_FALSE(RepeatsSecret(detail, sent)) << detail;
    const JoinAnswer joined = ParseJoinAnswer(
        200,
        nlohmann::json({{"isSuccess", true}, {"result", {{"hubAssignedInstanceId", guise}}}})
            .dump(),
        call);
    EXPECT_EQ(joined.outcome, Outcome::kSucceeded);
    EXPECT_EQ(joined.hub_instance_id, "") << guise;
  }
}

TEST(JoinAnswerTest, IsSuccessDecidesNotTheStatusOrTheText) {
  const JoinAnswer joined = ParseJoinAnswer(
      200,
      R"({"result":{"hubAssignedInstanceId":"3F0C9A52-6D0E-4A0B-9A57-0D5F6A1B2C3D","joiningToken":"eyJ"},
          "isSuccess":true,"message":"Could not connect to Management Hub. Check URL."})",
      Call());
  EXPECT_EQ(joined.outcome, Outcome::kSucceeded);
  EXPECT_EQ(joined.hub_instance_id, "3f0c9a52-6d0e-4a0b-9a57-0d5f6a1b2c3d");

  const JoinAnswer old = ParseJoinAnswer(
      200, R"({"isSuccess":true,"message":"Connected to Management Hub.","result":null})", Call());
  EXPECT_EQ(old.outcome, Outcome::kSucceeded);
  EXPECT_EQ(old.hub_instance_id, "");

  const JoinAnswer refused = ParseJoinAnswer(
      200, R"({"isSuccess":false,"message":"Connected to Management Hub."})", Call());
  EXPECT_EQ(refused.outcome, Outcome::kFailed);

  const JoinAnswer unknown_id =
      ParseJoinAnswer(200,
                      R"({"result":{"rejoinRequired":true},"isSuccess":false,
          "message":"Could not connect to Management Hub. Unauthorized - "})",
                      Call());
  EXPECT_EQ(unknown_id.failure->code, FailureCode::kJoinIdRejected);
}

TEST(JoinAnswerTest, WhatProvesNothingIsUnsure) {
  for (const auto& [status, body] : std::vector<std::pair<int, std::string>>{
           {500, ""},
           {500, R"({"message":"An internal error has occurred...","exception":{}})"},
           {502, "<html>"},
           {200, "<html>hello</html>"},
           {200, ""},
           {200, "{\"isSuccess\":"},
           {200, "[]"},
           {200, R"({"isSuccess":"yes"})"},
           {204, ""}}) {
    EXPECT_EQ(ParseJoinAnswer(status, body, Call()).outcome, Outcome::kUnsure) << status << body;
  }
  for (const int status : {401, 403}) {
    const JoinAnswer denied = ParseJoinAnswer(status, "", Call());
    EXPECT_EQ(denied.outcome, Outcome::kFailed);
    EXPECT_EQ(denied.failure->code, FailureCode::kServiceAccessDenied);
  }
  EXPECT_EQ(ParseJoinAnswer(404, "", Call()).outcome, Outcome::kFailed);
}

TEST(JoinBodyTest, IsJsonWhateverTheSecretHolds) {
  const Secret body = JoinBody({"https://h", "a\"b", Secret::CopyOf("x\"\\\n")});
  EXPECT_EQ(body.Reveal(), R"({"url":"https://h","clientId":"a\"b","secret":"x\"\\\n"})");
}

TEST(RedactTest, RemovesKnownSecretsInEverySpelling) {
  const absl::string_view secrets[] = {kCanary};
  for (const std::string& spelling :
       {std::string(kCanary), std::string("canary-7f3a-Secret%2BOf%2FThe%3DJoining%26Key"),
        std::string("canary-7f3a-Secret\\u002BOf/The=Joining\\u0026Key"),
        std::string("CANARY-7F3A-SECRET+OF/THE=JOINING&KEY")}) {
    const std::string text = Redact("before " + spelling + " after", secrets);
    EXPECT_EQ(text, "before [redacted] after") << spelling;
  }
}

TEST(RedactTest, RemovesWhatLooksLikeASecret) {
  const std::string jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzaWQiOiJ4In0.c2lnbmF0dXJl";
  EXPECT_EQ(Redact("token " + jwt + "!", {}), "token [redacted]!");
  EXPECT_EQ(Redact("k MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY= z", {}), "k [redacted] z");
  EXPECT_EQ(Redact(R"({"joiningToken":"short","requestAuthSecret": "tiny","n":1})", {}),
            R"({"joiningToken":"[redacted]","requestAuthSecret": "[redacted]","n":1})");
  EXPECT_EQ(Redact("requestAuthSecret=abc; next", {}), "requestAuthSecret=[redacted]; next");
}

TEST(RedactTest, KeepsWhatPeopleNeed) {
  for (const std::string text :
       {"id 3f0c9a52-6d0e-4a0b-9a57-0d5f6a1b2c3d at "
        "https://hub.example.net:8080/api/v1/hub/register",
        "System.Net.Http.HttpRequestException: Name or service not known (hub.example.net:443)",
        "Not authorized to perform managementhub_instance_join_action"}) {
    EXPECT_EQ(Redact(text, {}), text);
  }
}

TEST(RedactTest, IsOneShortLineOfUtf8) {
  EXPECT_EQ(Redact("a\r\n\tb\x01"
                   "c \xff\xc3 \xc3\xa4",
                   {}),
            "a b c ?? \xc3\xa4");
  const std::string cut = Redact(absl::StrCat(std::string(499, 'x'), "\xc3\xa4\xc3\xa4"), {});
  EXPECT_EQ(cut, std::string(499, 'x'));  // No half character.
  // Cut after the secret is gone, not through it.
  const absl::string_view secrets[] = {kCanary};
  EXPECT_THAT(Redact(absl::StrCat(std::string(490, 'y'), kCanary), secrets),
              Not(HasSubstr("canary")));
}

TEST(CliOutputTest, TheTextIsTheOnlySignal) {
  const std::string banner =
      "Certify Certificate Manager - CLI Certify.Core v7.0.2.0\r\n"
      "For more information see https://certifytheweb.com\r\n\r\n";
  EXPECT_EQ(ParseCliOutput(banner + "Joined Hub OK\r\n", 0, Call()).outcome, Outcome::kSucceeded);
  const JoinAnswer refused =
      ParseCliOutput(banner + kCould + ". Unauthorized - " + kCanary, 0, Call());
  EXPECT_EQ(refused.failure->code, FailureCode::kJoinKeyRefused);
  EXPECT_THAT(refused.failure->detail, Not(HasSubstr(kCanary)));
  EXPECT_EQ(ParseCliOutput("boom\nCertify Certificate Manager service not started.\n", 255, Call())
                .failure->code,
            FailureCode::kServiceUnreachable);
  EXPECT_EQ(ParseCliOutput("Unhandled exception", 134, Call()).outcome, Outcome::kUnsure);
  EXPECT_EQ(ParseCliOutput(banner, 0, Call()).outcome, Outcome::kUnsure);
}

}  // namespace
}  // namespace muster::worker
