// The bootstrap token file: what parses is written back so that it parses again.
#include <cstdint>
#include <cstdlib>

#include "base/failure.h"
#include "base/failure_code.h"
#include "proto/rpc/token_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const auto token = muster::rpc::ParseTokenFile(text);
  if (token.ok()) {
    if (!muster::rpc::ParseTokenFile(muster::rpc::FormatTokenFile(*token)).ok()) std::abort();
  } else if (muster::FailureCodeOf(token.status()) != muster::FailureCode::kTokenMalformed) {
    std::abort();
  }
  return 0;
}
