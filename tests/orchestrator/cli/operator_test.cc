// Operators at the command line: the files that are made, what is asked, and how the end of a
// certificate is told.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/crypto/certificate.h"
#include "base/crypto/certificate_request.h"
#include "base/crypto/issue.h"
#include "base/crypto/secure_random.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "orchestrator/cli/expiry.h"
#include "orchestrator/cli/operator_files.h"
#include "tests/orchestrator/cli/cli_fixture.h"

namespace muster::cli {
namespace {

namespace v1 = admin::v1;
namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const absl::Time kTestNow = absl::FromUnixSeconds(1'784'365'200);  // As the fixture's.

class OperatorCommandsTest : public CliTest {
 protected:
  OperatorCommandsTest()
      : authority_key_(*crypto::PrivateKey::Generate()),
        authority_(*crypto::SelfSign(authority_key_,
                                     {.subject_common_name = "CA",
                                      .not_before = kTestNow - absl::Hours(1),
                                      .not_after = kTestNow + absl::Hours(24 * 3650),
                                      .is_ca = true},
                                     crypto::SecureRandom())) {
    admin_.issue = [this](const std::string& request) {
      const auto parsed = crypto::CertificateRequest::FromPem(request);
      EXPECT_TRUE(parsed.ok()) << parsed.status();
      return Issue(parsed->public_key(), kTestNow, kTestNow + absl::Hours(24 * 90));
    };
  }

  std::string Issue(const crypto::PublicKey& key, absl::Time begin, absl::Time end) {
    return crypto::IssueCertificate(
               authority_, authority_key_, key,
               {.subject_common_name = "op", .not_before = begin, .not_after = end, .client = true},
               crypto::SecureRandom())
        ->ToPem();
  }
  // An operator directory whose orchestrator does not answer.
  std::string Directory(absl::Time begin, absl::Time end) {
    const std::string directory = Path("dir");
    const auto key = KeepOperatorKey(directory);
    EXPECT_TRUE(key.ok()) << key.status();
    EXPECT_TRUE(InstallCredentials(directory, {Issue(key->public_key(), begin, end),
                                               authority_.ToPem(), "127.0.0.1:1"})
                    .ok());
    return directory;
  }
  static std::string ContentOf(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  crypto::PrivateKey authority_key_;
  crypto::Certificate authority_;
};

TEST_F(OperatorCommandsTest, CreateMakesTheKeyHere) {
  EXPECT_EQ(Run({"operator", "create", "ada", "--role", "tenant-admin", "--tenant", "acme,globex",
                 "--valid-for", "30d", "--out", Path("ada"), "--request-id", "r"}),
            0)
      << err_;
  const auto& request = admin_.operator_request;
  EXPECT_EQ(request.name(), "ada");
  EXPECT_EQ(request.role(), v1::OPERATOR_ROLE_TENANT_ADMIN);
  EXPECT_THAT(request.tenant_ids(), ElementsAre("acme", "globex"));
  EXPECT_EQ(request.valid_for().seconds(), 30 * 24 * 3600);
  EXPECT_EQ(request.request_id(), "r");
  EXPECT_THAT(request.certificate_request_pem(), Not(HasSubstr("PRIVATE")));
  for (const char* name : {"operator.key", "operator.crt", "ca.crt", "address"}) {
    EXPECT_EQ(fs::status(Path("ada") + "/" + name).permissions() & fs::perms::mask,
              fs::perms::owner_read | fs::perms::owner_write)
        << name;
  }
  EXPECT_EQ(ContentOf(Path("ada") + "/address"), "muster.example:8445\n");
  EXPECT_THAT(out_, HasSubstr("muster context add NAME --operator-dir DIR"));
  // A second one is not made over the first.
  admin_.calls.clear();
  EXPECT_EQ(Run({"operator", "create", "bob", "--role", "viewer", "--tenant", "acme", "--out",
                 Path("ada")}),
            2);
  EXPECT_THAT(err_, HasSubstr("holds an operator's certificate already"));
  EXPECT_THAT(admin_.calls, IsEmpty());
}

TEST_F(OperatorCommandsTest, ARefusedCreateIsRepeatedWithTheSameKey) {
  const std::vector<std::string> create = {"operator", "create", "ada",   "--role",   "viewer",
                                           "--tenant", "acme",   "--out", Path("ada")};
  admin_.failures["CreateOperator"] = absl::UnavailableError("Socket closed");
  EXPECT_EQ(Run(create), 3);
  const std::string key = ContentOf(Path("ada") + "/operator.key");
  admin_.failures.clear();
  EXPECT_EQ(Run(create), 0) << err_;
  EXPECT_EQ(ContentOf(Path("ada") + "/operator.key"), key);
}

TEST_F(OperatorCommandsTest, RoleAndTenantsGoTogether) {
  EXPECT_EQ(Run({"operator", "create", "ada", "--role", "viewer", "--out", Path("x")}), 2);
  EXPECT_THAT(err_, HasSubstr("add --tenant TENANT"));
  EXPECT_EQ(
      Run({"operator", "create", "ada", "--role", "viewer", "--tenant", "", "--out", Path("x")}),
      2);
  EXPECT_EQ(Run({"operator", "create", "ada", "--role", "provider_admin", "--tenant", "acme",
                 "--out", Path("x")}),
            2);
  EXPECT_EQ(Run({"operator", "create", "ada", "--role", "viwer", "--tenant", "acme"}), 2);
  EXPECT_THAT(err_, HasSubstr("did you mean 'viewer'?"));
  EXPECT_THAT(admin_.calls, IsEmpty());
  EXPECT_FALSE(fs::exists(Path("x")));
}

TEST_F(OperatorCommandsTest, ARequestOfTheOperatorsOwnLeavesTheKeyAlone) {
  EXPECT_EQ(RunWithoutSocket({"operator", "request", Path("mine")}), 0) << err_;
  const std::string key = ContentOf(Path("mine") + "/operator.key");
  EXPECT_EQ(RunWithoutSocket({"operator", "request", Path("mine")}), 0) << "again, of the same key";
  EXPECT_EQ(ContentOf(Path("mine") + "/operator.key"), key);
  EXPECT_EQ(Run({"operator", "create", "ada", "--role", "viewer", "--tenant", "acme", "--csr",
                 Path("mine") + "/operator.csr", "--out", Path("for-ada")}),
            0)
      << err_;
  EXPECT_FALSE(fs::exists(Path("for-ada") + "/operator.key"));
  fs::copy(Path("for-ada"), Path("mine"), fs::copy_options::recursive);
  // And a renewal straight into the directory.
  EXPECT_EQ(Run({"operator", "renew", "ada", "--csr", Path("mine") + "/operator.csr", "--out",
                 Path("mine")}),
            0)
      << err_;
  EXPECT_EQ(admin_.renew_request.operator_(), "ada");
  // Not into one of another key.
  EXPECT_EQ(RunWithoutSocket({"operator", "request", Path("other")}), 0);
  EXPECT_EQ(Run({"operator", "renew", "ada", "--csr", Path("other") + "/operator.csr", "--out",
                 Path("mine")}),
            2);
  EXPECT_THAT(err_, HasSubstr("is not the key that this certificate was asked for with"));
  EXPECT_EQ(Run({"operator", "create", "ada", "--role", "viewer", "--tenant", "acme", "--csr",
                 Path("none")}),
            2);
}

TEST_F(OperatorCommandsTest, RevokingIsAskedAbout) {
  EXPECT_EQ(Run({"operator", "revoke", "ada"}), 2);
  EXPECT_THAT(admin_.calls, IsEmpty());
  EXPECT_EQ(Run({"operator", "revoke", "ada", "--reason", "left", "--even-last", "--yes"}), 0);
  EXPECT_EQ(admin_.revoke_operator_request.operator_(), "ada");
  EXPECT_EQ(admin_.revoke_operator_request.reason(), "left");
  EXPECT_TRUE(admin_.revoke_operator_request.even_last());
}

TEST_F(OperatorCommandsTest, RenewingOneselfNeedsACertificate) {
  EXPECT_EQ(Run({"operator", "renew"}), 2);
  EXPECT_THAT(err_, HasSubstr("a socket needs no certificate"));
  EXPECT_EQ(Run({"operator", "renew", "--csr", "x"}), 2);
  EXPECT_EQ(Run({"operator", "renew", "ada", "--new-key"}), 2);
  EXPECT_THAT(admin_.calls, IsEmpty());
}

TEST_F(OperatorCommandsTest, ListAndWhoAmI) {
  auto& op = *admin_.operators.add_operators();
  op.set_name("ada");
  op.set_role(v1::OPERATOR_ROLE_PROVIDER_ADMIN);
  op.set_state(v1::OPERATOR_STATE_EXPIRED);
  op.mutable_expire_time()->set_seconds(absl::ToUnixSeconds(kTestNow) - 3 * 24 * 3600);
  EXPECT_EQ(Run({"operator", "list", "-o", "csv"}), 0);
  EXPECT_THAT(out_, HasSubstr("ada,,provider_admin,(all),expired,2026-07-15T09:00:00Z"));
  terminal_ = true;
  EXPECT_EQ(Run({"operator", "list"}), 0);
  EXPECT_THAT(out_, HasSubstr("3 d ago"));
  terminal_ = false;
  admin_.me.mutable_operator_()->set_name("local");
  admin_.me.mutable_operator_()->set_role(v1::OPERATOR_ROLE_PROVIDER_ADMIN);
  admin_.me.set_door(v1::ADMIN_DOOR_LOCAL_SOCKET);
  EXPECT_EQ(Run({"whoami"}), 0);
  EXPECT_THAT(out_, AllOf(HasSubstr("local"), HasSubstr("provider_admin"),
                          HasSubstr("local_socket"), HasSubstr("unix:" + Path("s"))));
}

TEST_F(OperatorCommandsTest, AnUnknownNameIsAskedAbout) {
  admin_.operators.add_operators()->set_name("ada");
  admin_.failures["GetOperator"] =
      FailureStatus(FailureCode::kOperatorUnknown, "there is no operator 'adaa'");
  EXPECT_EQ(Run({"operator", "show", "adaa"}), 1);
  EXPECT_THAT(err_, HasSubstr("Did you mean 'ada'?"));
}

TEST_F(OperatorCommandsTest, TheEndOfACertificateIsToldInTime) {
  const auto warned = [&](absl::Duration life, absl::Duration left) {
    return EndsSoon(kTestNow - (life - left), kTestNow + left, kTestNow);
  };
  const absl::Duration day = absl::Hours(24);
  EXPECT_FALSE(warned(365 * day, 31 * day));
  EXPECT_TRUE(warned(365 * day, 29 * day));
  EXPECT_FALSE(warned(30 * day, 11 * day));
  EXPECT_TRUE(warned(30 * day, 9 * day));
  EXPECT_FALSE(warned(absl::Hours(1), absl::Minutes(21)));
  EXPECT_TRUE(warned(absl::Hours(1), absl::Minutes(19)));
  EXPECT_TRUE(warned(365 * day, -1 * day));
}

TEST_F(OperatorCommandsTest, ACertificateNearItsEndIsWarnedOf) {
  const std::string directory =
      Directory(kTestNow - absl::Hours(24 * 80), kTestNow + absl::Hours(24 * 12));
  EXPECT_EQ(RunWithoutSocket({"--operator-dir", directory, "server", "list"}), 3);
  EXPECT_THAT(err_, HasSubstr("warning: your operator certificate ends 2026-07-30 09:00 UTC, in "
                              "12 d; renew it with 'muster operator renew'"));
  EXPECT_EQ(RunWithoutSocket({"--operator-dir", directory, "doctor"}), 3);
  EXPECT_THAT(err_, Not(HasSubstr("warning:"))) << "its own table says it";
  EXPECT_THAT(out_, HasSubstr("muster operator renew"));
}

TEST_F(OperatorCommandsTest, AnEndedCertificateIsTheReason) {
  const std::string directory =
      Directory(kTestNow - absl::Hours(24 * 80), kTestNow - absl::Hours(24 * 3));
  EXPECT_EQ(RunWithoutSocket({"--operator-dir", directory, "server", "list"}), 4);
  EXPECT_THAT(err_, AllOf(HasSubstr("E-AUTH-EXPIRED"), HasSubstr("ended 2026-07-15 09:00 UTC"),
                          HasSubstr("muster operator request DIR")));
  EXPECT_EQ(RunWithoutSocket({"--operator-dir", directory, "doctor"}), 3);
  EXPECT_THAT(out_, AllOf(HasSubstr("problem"), HasSubstr("muster operator request DIR")));
}

// The authority may have changed since the directory was made.
TEST_F(OperatorCommandsTest, ANewKeyBringsTheTrustAnchorsAlong) {
  const std::string directory = Directory(kTestNow, kTestNow + absl::Hours(24 * 90));
  const auto next = MakeNextKey(directory);
  ASSERT_TRUE(next.ok());
  const std::string certificate =
      Issue(next->public_key(), kTestNow, kTestNow + absl::Hours(24 * 90));
  ASSERT_TRUE(InstallNextKey(directory, {certificate, "the anchors of today", ""}).ok());
  const auto content = [&](const char* name) {
    std::ifstream in(directory + "/" + name);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  EXPECT_EQ(content("ca.crt"), "the anchors of today");
  EXPECT_EQ(content("operator.crt"), certificate);
  EXPECT_FALSE(fs::exists(directory + "/operator.key.new"));
}

TEST_F(OperatorCommandsTest, ARenewalThatWasCutOffIsFinished) {
  const std::string directory = Directory(kTestNow, kTestNow + absl::Hours(24 * 90));
  // Between the two renames.
  const auto next = MakeNextKey(directory);
  ASSERT_TRUE(next.ok());
  std::ofstream(directory + "/operator.crt.new")
      << Issue(next->public_key(), kTestNow, kTestNow + absl::Hours(24 * 90));
  fs::rename(directory + "/operator.key.new", directory + "/operator.key");
  EXPECT_EQ(RunWithoutSocket({"--operator-dir", directory, "server", "list"}), 3) << err_;
  EXPECT_FALSE(fs::exists(directory + "/operator.crt.new"));
  EXPECT_FALSE(FinishNewKey(directory));
  // One that was cut off before leaves the pair in use as it was.
  ASSERT_TRUE(MakeNextKey(directory).ok());
  EXPECT_EQ(RunWithoutSocket({"--operator-dir", directory, "server", "list"}), 3) << err_;
  EXPECT_TRUE(fs::exists(directory + "/operator.key.new"));
}

}  // namespace
}  // namespace muster::cli
