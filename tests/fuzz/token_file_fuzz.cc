// The bootstrap token file: what is refused says so by its code and repeats nothing; what is taken
// is written so that it reads the same again.
#include <cstdint>

#include "base/failure_code.h"
#include "proto/rpc/token_file.h"
#include "tests/fuzz/promises.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace muster;
  using fuzz::Require;
  const auto token = rpc::ParseTokenFile(fuzz::TextOf(data, size));
  if (!token.ok()) {
    Require(FailureCodeOf(token.status()) == FailureCode::kTokenMalformed,
            "a refusal has the token's code");
    fuzz::RequireLine(token.status().message(), 400, "why a token is refused");
    return 0;
  }
  Require(!token->secret().empty() && !token->bootstrap_address().empty() &&
              !token->ca_bundle_pem().empty(),
          "a token is whole");
  const std::string written = rpc::FormatTokenFile(*token);
  const auto again = rpc::ParseTokenFile(written);
  Require(again.ok() && rpc::FormatTokenFile(*again) == written, "what is written is read again");
  Require(again->secret() == token->secret() &&
              again->bootstrap_address() == token->bootstrap_address() &&
              again->ca_bundle_pem() == token->ca_bundle_pem() &&
              again->zone_id() == token->zone_id() &&
              again->expire_time_seconds() == token->expire_time_seconds(),
          "and is the same");
  return 0;
}
