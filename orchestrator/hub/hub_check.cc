#include "orchestrator/hub/hub_check.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/crypto/certificate.h"
#include "base/failure_code.h"
#include "base/http/transport_error.h"
#include "base/utc_text.h"
#include "orchestrator/hub/foreign_text.h"
#include "orchestrator/hub/hub_failure.h"

namespace muster::hub {
namespace {

using core::HubCheckStep;

constexpr char kInfoPath[] = "/internal/v1/hub/info";
constexpr char kVersionPath[] = "/api/v1/system/version";
constexpr size_t kMostOfBody = 64 << 10;
constexpr absl::Duration kMostSkew = absl::Minutes(5);  // Of signed calls (certify.md 6.3).
constexpr absl::Duration kOddSkew = absl::Seconds(30);
constexpr absl::Duration kExpiresSoon = absl::Hours(24 * 14);

constexpr std::array<const char*, 12> kSteps = {"dns",         "tcp",  "tls",     "clock",
                                                "redirect",    "path", "version", "rate limit",
                                                "credentials", "role", "scope",   "list"};

struct Words {
  std::string seen;
  std::string next;
};

// What libcurl and OpenSSL say of a handshake that failed.
Words TlsWords(absl::string_view why, const http::Url& url, bool own_ca) {
  const auto says = [why](absl::string_view part) { return absl::StrContains(why, part); };
  if (says("has expired")) {
    return {"dates: a certificate of the hub's chain has expired", "Renew the hub's certificate."};
  }
  if (says("not yet valid")) {
    return {"dates: a certificate of the hub's chain is not valid yet",
            "Check the clocks of the hub's issuer and of this machine."};
  }
  if (says("subject name") || says("subjectAltName")) {
    return {absl::StrCat("name: the certificate is not for ", url.host()),
            "Give the hub a certificate with that name, or set the zone's hub_url to a name that "
            "the certificate has."};
  }
  if (says("self-signed") || says("self signed") || says("local issuer") ||
      says("unable to verify") || says("unable to get")) {
    return {absl::StrCat("chain: the certificate does not descend from ",
                         own_ca ? "the zone's CA file" : "an authority that this system trusts"),
            "Name the file of the issuer's certificate in the zone's hub_ca_file and run 'muster "
            "apply'."};
  }
  if (says("wrong version number") || says("packet length too long") || says("unknown protocol")) {
    return {absl::StrCat("what answers at ", url.Origin(), " does not speak TLS"),
            "Correct the port of the zone's hub_url, or its scheme."};
  }
  if (says("reset by peer") || says("unexpected eof") || says("SYSCALL")) {
    return {absl::StrCat("what answers at ", url.Origin(),
                         " breaks the handshake off: it may not speak TLS"),
            "Correct the port of the zone's hub_url, or its scheme."};
  }
  if (own_ca && (says("CA") || says("cacert") || says("trust"))) {
    return {"the zone's CA file cannot be used", "Name a PEM file in the zone's hub_ca_file."};
  }
  return {"the handshake failed",
          "Look at the hub's TLS settings: it must speak TLS 1.2 or newer."};
}

bool IsAddress(absl::string_view host) {
  return absl::StartsWith(host, "[") || std::all_of(host.begin(), host.end(), [](char c) {
           return c == '.' || absl::ascii_isdigit(static_cast<unsigned char>(c));
         });
}

bool IsRedirect(const http::Response& response) {
  return response.status >= 300 && response.status < 400;
}

// "7.0.2.0" of what the info or version route answered; none when that is no hub's.
std::optional<std::string> VersionIn(const http::Response& response) {
  const nlohmann::json json = nlohmann::json::parse(response.body, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const auto text_of = [](const nlohmann::json& object) -> std::optional<std::string> {
    if (!object.is_object()) return std::nullopt;
    const auto text = object.find("version");
    if (text != object.end() && text->is_string()) return text->get<std::string>();
    const auto major = object.find("major");  // 2024.
    const auto minor = object.find("minor");
    if (major == object.end() || !major->is_number_integer()) return std::nullopt;
    return absl::StrCat(
        major->get<int64_t>(), ".",
        minor != object.end() && minor->is_number_integer() ? minor->get<int64_t>() : int64_t{0});
  };
  if (const auto version = json.find("version"); version != json.end() && version->is_object()) {
    return text_of(*version);
  }
  return text_of(json);
}

}  // namespace

void HubCheck::Start(HubCheckOptions options, http::AsyncClient& http, const Clock& clock,
                     HttpHubClient::Keep keep, Done done) {
  absl::StatusOr<http::Url> url = http::Url::Parse(options.client.hub_url);
  if (!url.ok()) {
    return done({{"address", Result::kProblem, std::string(url.status().message()),
                  "Correct the zone's hub_url and run 'muster apply'."}});
  }
  const std::shared_ptr<HubCheck> check(new HubCheck(std::move(options), *std::move(url), http,
                                                     clock, std::move(keep), std::move(done)));
  check->Ask(kInfoPath);
}

HubCheck::HubCheck(HubCheckOptions options, http::Url url, http::AsyncClient& http,
                   const Clock& clock, HttpHubClient::Keep keep, Done done)
    : options_(std::move(options)),
      url_(std::move(url)),
      http_(http),
      clock_(clock),
      keep_(std::move(keep)),
      done_(std::move(done)) {
  scrubber_.Know(url_.Origin());
  scrubber_.Know(url_.host());
}

void HubCheck::Add(absl::string_view name, Result result, std::string seen, std::string next) {
  steps_.push_back({std::string(name), result, std::move(seen), std::move(next)});
}

void HubCheck::End() {
  std::vector<HubCheckStep> all;
  for (const char* name : kSteps) {
    const auto it = std::find_if(steps_.begin(), steps_.end(),
                                 [name](const HubCheckStep& step) { return step.name == name; });
    if (it != steps_.end()) {
      all.push_back(std::move(*it));
    } else {
      all.push_back({name, Result::kSkipped, "not looked at", ""});
    }
  }
  done_(std::move(all));
}

void HubCheck::Ask(const char* path) {
  http::Request request;
  request.url = url_.Join(path).ToString();
  request.connect_timeout = options_.client.connect_timeout;
  request.total_timeout = options_.client.total_timeout;
  request.stall_timeout = options_.client.stall_timeout;
  request.tls.ca_pem = options_.client.ca_pem;
  request.pace_group = options_.client.pace_group;
  request.max_response_bytes = kMostOfBody;
  request.describe_peer = true;
  request.AddHeader("Accept", "application/json");
  sent_ = clock_.Now();
  http_.Start(std::move(request),
              [self = shared_from_this(), path](absl::StatusOr<http::Response> answer) {
                self->OnAnswer(path, std::move(answer));
              });
}

void HubCheck::OnAnswer(const char* path, absl::StatusOr<http::Response> answer) {
  if (!answer.ok()) return OnNoAnswer(answer.status());
  if (!connection_told_) TellConnection(*answer);
  connection_told_ = true;
  if (const std::optional<std::string> version =
          answer->status == 200 ? VersionIn(*answer) : std::nullopt) {
    version_ = scrubber_.Clean(*version, 40);
  }
  // Hubs of before 2025 have no info route, and some tell their version elsewhere.
  if (path == kInfoPath && version_.empty() && (answer->status == 404 || answer->status == 200)) {
    return Ask(kVersionPath);
  }
  if (!TellAnswer(*answer)) return;
  ReadList();
}

void HubCheck::OnNoAnswer(const absl::Status& status) {
  const std::string why = scrubber_.Clean(status.message(), 300);
  const http::TransportError error = http::TransportErrorOf(status);
  const bool asked = http::RequestMayHaveBeenSent(status);
  if (connection_told_) {
    Add("path", Result::kProblem, why, "Run the check again; look at the hub's log if it stays.");
    return End();
  }
  const bool name = !IsAddress(url_.host());
  if (error == http::TransportError::kDns) {
    Add("dns", Result::kProblem, absl::StrCat(url_.host(), " does not resolve: ", why),
        "Correct the zone's hub_url, or the DNS that this machine uses.");
    return End();
  }
  if (error == http::TransportError::kOther || error == http::TransportError::kCanceled ||
      error == http::TransportError::kNone) {
    Add("dns", Result::kProblem, why, "Run the check again.");
    return End();
  }
  Add("dns", Result::kOk,
      name ? absl::StrCat(url_.host(), " resolves") : absl::StrCat(url_.host(), " is an address"));
  if (error == http::TransportError::kRefused ||
      (error == http::TransportError::kTimeout && !asked)) {
    Add("tcp", Result::kProblem,
        absl::StrCat(error == http::TransportError::kRefused ? "nothing takes connections: "
                                                             : "nothing answers in time: ",
                     why),
        "Check that the hub runs, its port, and the firewalls between this machine and the hub.");
    return End();
  }
  Add("tcp", Result::kOk, absl::StrCat("port ", url_.port(), " takes connections"));
  if (error == http::TransportError::kTls) {
    Words words = TlsWords(why, url_, !options_.client.ca_pem.empty());
    Add("tls", Result::kProblem, absl::StrCat(words.seen, " (", why, ")"), std::move(words.next));
    return End();
  }
  if (url_.tls()) Add("tls", Result::kOk, "the handshake succeeded");
  Add("path", Result::kProblem, absl::StrCat("no answer that can be read: ", why),
      url_.tls()
          ? "Look at the hub and at the proxy in front of it."
          : "Look whether the port speaks TLS: then the zone's hub_url begins with https://.");
  End();
}

void HubCheck::TellConnection(const http::Response& response) {
  Add("dns", Result::kOk,
      IsAddress(url_.host()) ? absl::StrCat(url_.host(), " is an address")
                             : absl::StrCat(url_.host(), " resolves"));
  Add("tcp", Result::kOk,
      absl::StrCat(response.peer_address.empty() ? absl::StrCat("port ", url_.port())
                                                 : response.peer_address,
                   " takes connections"));
  if (!url_.tls()) {
    Add("tls", Result::kWarning, "plain HTTP: keys and credentials cross the network in the clear",
        "Use https:// outside of a laboratory.");
  } else {
    const auto certificate = crypto::Certificate::FromPem(response.peer_certificate_pem);
    std::string seen = "chain, name and dates are good";
    bool soon = false;
    if (certificate.ok()) {
      absl::StrAppend(&seen, ": by ", scrubber_.Clean(certificate->issuer_common_name(), 80),
                      ", until ", UtcText(certificate->not_after()));
      soon = certificate->not_after() - clock_.Now() < kExpiresSoon;
    }
    Add("tls", soon ? Result::kWarning : Result::kOk, std::move(seen),
        soon ? "Renew the hub's certificate before that day." : "");
  }
  const std::optional<absl::Time> date = DateOf(response);
  if (!date.has_value()) {
    Add("clock", Result::kWarning, "the answer has no Date header",
        "Let the hub, or the proxy in front of it, send one: proofs compare its dates with ours.");
    return;
  }
  absl::Duration off = *date - clock_.Now();
  if (*date >= sent_ - absl::Seconds(1) && off <= absl::ZeroDuration()) off = absl::ZeroDuration();
  const absl::Duration size = absl::AbsDuration(off);
  const std::string seen =
      size < absl::Seconds(1)
          ? std::string("as ours")
          : absl::StrCat(absl::FormatDuration(absl::Trunc(size, absl::Seconds(1))),
                         off > absl::ZeroDuration() ? " ahead of ours" : " behind ours");
  if (size > kMostSkew) {
    Add("clock", Result::kProblem, seen,
        "Let hub and orchestrator follow a time server: services sign their calls by the clock, "
        "and 5 minutes are the most that is forgiven.");
  } else if (size > kOddSkew) {
    Add("clock", Result::kWarning, seen, "Let hub and orchestrator follow a time server.");
  } else {
    Add("clock", Result::kOk, seen);
  }
}

bool HubCheck::TellAnswer(const http::Response& response) {
  const std::string request_line = absl::StrCat("GET ", url_.Join(kInfoPath).WithoutQuery());
  if (IsRedirect(response)) {
    Add("redirect", Result::kProblem,
        FailureOfAnswer(request_line, response, scrubber_).failure.detail,
        "Set the zone's hub_url to where the hub is, and run 'muster apply'.");
    End();
    return false;
  }
  Add("redirect", Result::kOk, "none");
  const HubFailure failed = FailureOfAnswer(request_line, response, scrubber_);
  if (failed.retry_after.has_value()) {
    Add("rate limit", Result::kProblem, failed.failure.detail,
        "Wait that long; raise the hub's limit if this address is counted for many.");
    End();
    return false;
  }
  if (response.status >= 500) {
    Add("path", Result::kProblem, failed.failure.detail,
        "Look at the hub's log and at the proxy in front of it.");
    End();
    return false;
  }
  if (version_.empty() && response.status == 404 && !url_.path().empty()) {
    LookAtRoot();
    return false;
  }
  if (version_.empty() && response.status != 401 && response.status != 403) {
    Add("path", Result::kProblem,
        absl::StrCat("what answers at ", url_.WithoutQuery(), " is not a hub's API: ",
                     response.status == 200 ? "200 without a hub's facts"
                                            : DescribeAnswer(response, scrubber_)),
        "Correct the zone's hub_url: it is the address that the hub's own pages have, with the "
        "path prefix of a proxy if there is one.");
    End();
    return false;
  }
  Add("path", Result::kOk,
      url_.path().empty() ? "no prefix" : absl::StrCat("prefix ", url_.path()));
  if (version_.empty()) {
    Add("version", Result::kWarning, "the hub does not tell", "");
  } else {
    Add("version", Result::kOk, version_);
  }
  return true;
}

// A prefix that leads nowhere: is there a hub without it?
void HubCheck::LookAtRoot() {
  const absl::StatusOr<http::Url> root = http::Url::Parse(url_.Origin());
  http::Request request;
  request.url = root.ok() ? root->Join(kInfoPath).ToString() : url_.Origin();
  request.connect_timeout = options_.client.connect_timeout;
  request.total_timeout = options_.client.total_timeout;
  request.tls.ca_pem = options_.client.ca_pem;
  request.pace_group = options_.client.pace_group;
  request.max_response_bytes = kMostOfBody;
  http_.Start(std::move(request), [self = shared_from_this()](
                                      const absl::StatusOr<http::Response>& answer) {
    const bool there = answer.ok() && answer->status == 200 && VersionIn(*answer).has_value();
    self->Add("path", Result::kProblem,
              absl::StrCat("there is no hub's API under the prefix ", self->url_.path(),
                           there ? absl::StrCat("; a hub answers at ", self->url_.Origin()) : ""),
              there ? absl::StrCat("Set the zone's hub_url to ", self->url_.Origin(), ".")
                    : "Correct the path of the zone's hub_url, or the proxy in front of the hub.");
    self->End();
  });
}

void HubCheck::ReadList() {
  if (!options_.no_credentials.empty()) {
    Add("credentials", Result::kProblem, options_.no_credentials,
        "Give the zone a verifier in the fleet file and run 'muster apply': without one nothing is "
        "read, and no key leaves.");
    return End();
  }
  absl::StatusOr<std::unique_ptr<HttpHubClient>> client =
      HttpHubClient::Create(std::move(options_.client), http_, clock_);
  if (!client.ok()) {  // The URL was parsed before.
    Add("list", Result::kProblem, std::string(client.status().message()));
    return End();
  }
  client_ = *std::move(client);
  client_->ReadList(/*insist=*/true, keep_, [self = shared_from_this()](HubReadOutcome outcome) {
    self->OnList(std::move(outcome));
  });
}

void HubCheck::OnRefused(const HubFailure& failed) {
  const std::string& detail = failed.failure.detail;
  const bool login = absl::StrContains(detail, "/auth/login");
  const bool known = absl::StrContains(detail, "Not authorized to perform") ||
                     absl::StrContains(detail, "not authorized or invalid for action") ||
                     absl::StrContains(detail, "may not see it");
  if (!login && known) {
    Add("credentials", Result::kOk, "the hub knows the verifier");
    Add("role", Result::kProblem, detail,
        "Give the verifier's principal the role hub_viewer_role on the hub, without tag scopes.");
  } else {
    Add("credentials", Result::kProblem, detail,
        "Apply credentials that the hub knows, with 'muster apply --replace-keys'; a hub before "
        "2026 takes a user's login only.");
  }
}

void HubCheck::OnList(HubReadOutcome outcome) {
  if (const auto* const failed = std::get_if<HubFailure>(&outcome)) {
    if (failed->retry_after.has_value()) {
      Add("rate limit", Result::kProblem, failed->failure.detail,
          "Wait that long; raise the hub's limit if this address is counted for many.");
    } else if (failed->failure.code == FailureCode::kHubAuth) {
      Add("rate limit", Result::kOk, "not met");
      OnRefused(*failed);
    } else {
      Add("rate limit", Result::kOk, "not met");
      Add("list", Result::kProblem,
          absl::StrCat(TextOf(failed->failure.code), ": ", failed->failure.detail),
          InfoOf(failed->failure.code).remedy);
    }
    return End();
  }
  const auto& list = std::get<core::HubList>(outcome);
  Add("rate limit", Result::kOk, "not met");
  Add("credentials", Result::kOk, "the hub knows the verifier");
  Add("role", Result::kOk, "it may list instances");
  if (list.shows_itself || list.route == core::HubList::Route::kLegacy) {
    Add("scope", Result::kOk, "the whole hub");
  } else {
    Add("scope", Result::kProblem,
        "the hub's own instance is not in the list: the verifier sees a part only",
        "Give the verifier's principal an assignment of hub_viewer_role without tag scopes.");
  }
  const std::string records =
      absl::StrCat(list.instances.size(), list.instances.size() == 1 ? " instance" : " instances");
  if (list.route != core::HubList::Route::kInternal) {
    Add("list", Result::kWarning,
        absl::StrCat(records, ", of a list that does not say who is connected"),
        "Let the proxy in front of the hub pass /internal/v1/hub/instances, or bring the hub up to "
        "date.");
  } else if (!list.shows_disconnected) {
    Add("list", Result::kWarning,
        absl::StrCat(records,
                     "; nothing shows that it holds what is not connected, as hubs of 2025 do not: "
                     "it proves who is connected, and no absence"),
        "Bring the hub up to date.");
  } else if (!list.shows_pending) {
    Add("list", Result::kOk,
        absl::StrCat(records, "; it does not say which of them never connected"));
  } else {
    Add("list", Result::kOk, records);
  }
  End();
}

}  // namespace muster::hub
