#include "orchestrator/app/listener_certificate.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/crypto/certificate.h"
#include "base/failure.h"
#include "base/failure_code.h"
#include "base/log.h"
#include "base/platform/files.h"
#include "base/platform/private_file.h"
#include "base/status_macros.h"

namespace muster::app {
namespace {

constexpr size_t kMostBytes = 64 << 10;

absl::StatusOr<std::string> ReadKept(const std::string& path, FileReach access) {
  ASSIGN_OR_RETURN(const Secret content, ReadPrivateFile(path, access, kMostBytes));
  return std::string(content.Reveal());
}

// Which addresses the certificate was made for, one a line.
std::string AddressesFile(const DataPaths& paths, const std::string& name) {
  return paths.listeners(name == "server" ? "addresses" : name + ".addresses");
}

// The end of the kept one, or why another is needed.
absl::StatusOr<absl::Time> LookAtKept(const DataPaths& paths,
                                      const identity::CertificateAuthority& authority,
                                      const std::string& addresses, absl::Time now,
                                      const std::string& name) {
  ASSIGN_OR_RETURN(const std::string pem,
                   ReadKept(paths.listeners(name + ".crt"), FileReach::kAny));
  ASSIGN_OR_RETURN(const std::string key_pem,
                   ReadKept(paths.listeners(name + ".key"), FileReach::kOwnerOnly));
  ASSIGN_OR_RETURN(const std::string kept_addresses,
                   ReadKept(AddressesFile(paths, name), FileReach::kAny));
  ASSIGN_OR_RETURN(const auto certificate, crypto::Certificate::FromPem(pem));
  ASSIGN_OR_RETURN(const auto key, crypto::PrivateKey::FromPem(Secret::CopyOf(key_pem)));
  if (!(key.public_key() == certificate.public_key())) {
    return absl::FailedPreconditionError("key and certificate do not belong together");
  }
  ASSIGN_OR_RETURN(const auto anchors, crypto::Certificate::BundleFromPem(authority.bundle_pem()));
  RETURN_IF_ERROR(crypto::VerifyChain(certificate, {}, anchors, now, crypto::Purpose::kServer));
  if (kept_addresses != addresses) return absl::FailedPreconditionError("the addresses changed");
  const absl::Time end = certificate.not_after();
  // The authority's own end cuts lives short; near it a new one would live no longer.
  const bool old = end - now < (end - certificate.not_before()) / 3;
  if (old && end < authority.not_after()) {
    return absl::FailedPreconditionError("it is in the last third of its life");
  }
  return end;
}

// The anchors as the authority has them now.
absl::Status WriteAnchors(const DataPaths& paths, const std::string& bundle) {
  const auto kept = ReadKept(paths.listeners("clients.crt"), FileReach::kAny);
  if (kept.ok() && *kept == bundle) return absl::OkStatus();
  RETURN_IF_ERROR(MakePrivateDirectory(paths.listeners("")));
  return ReplaceFile(paths.listeners("clients.crt"), bundle);
}

absl::Status WriteFiles(const DataPaths& paths, const identity::IssuedServer& made,
                        const std::string& addresses, const std::string& name) {
  RETURN_IF_ERROR(MakePrivateDirectory(paths.listeners("")));
  RETURN_IF_ERROR(ReplaceFile(paths.listeners(name + ".key"), made.private_key_pem.Reveal()));
  RETURN_IF_ERROR(ReplaceFile(paths.listeners(name + ".crt"), made.certificate_pem));
  return ReplaceFile(AddressesFile(paths, name), addresses);
}

}  // namespace

absl::StatusOr<ListenerCertificateFiles> KeepListenerCertificate(
    const DataPaths& paths, const identity::CertificateAuthority& authority,
    const std::vector<std::string>& addresses, const Clock& clock, const std::string& name) {
  ListenerCertificateFiles files{.certificate = paths.listeners(name + ".crt"),
                                 .private_key = paths.listeners(name + ".key"),
                                 .client_ca_bundle = paths.listeners("clients.crt"),
                                 .not_after = absl::InfinitePast()};
  const absl::Status anchors = WriteAnchors(paths, authority.bundle_pem());
  if (!anchors.ok()) return EnsureCode(anchors, FailureCode::kSystemDataDir);
  const std::string text = absl::StrJoin(addresses, "\n") + "\n";
  const auto kept = LookAtKept(paths, authority, text, clock.Now(), name);
  if (kept.ok()) {
    files.not_after = *kept;
    return files;
  }
  ASSIGN_OR_RETURN(const identity::IssuedServer made, authority.IssueServer(addresses));
  ASSIGN_OR_RETURN(const auto certificate, crypto::Certificate::FromPem(made.certificate_pem));
  const absl::Status written = WriteFiles(paths, made, text, name);
  if (!written.ok()) return EnsureCode(written, FailureCode::kSystemDataDir);
  log::Info("new certificate of the listeners", {{"file", files.certificate},
                                                 {"because", kept.status()},
                                                 {"valid_until", certificate.not_after()}});
  files.not_after = certificate.not_after();
  files.renewed = true;
  return files;
}

}  // namespace muster::app
