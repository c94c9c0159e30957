// The token file that carries a machine into its zone: muster.worker.v1.TokenFile, serialized,
// base64, armored.
//
//   -----BEGIN MUSTER BOOTSTRAP TOKEN-----
//   CjRtem…                                    64 characters a line
//   -----END MUSTER BOOTSTRAP TOKEN-----
#ifndef MUSTER_PROTO_RPC_TOKEN_FILE_H_
#define MUSTER_PROTO_RPC_TOKEN_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/worker/v1/bootstrap.pb.h"

namespace muster::rpc {

std::string FormatTokenFile(const muster::worker::v1::TokenFile& token);

// Text before and after the armor, blank lines and CRLF are ignored. InvalidArgument with
// E-TOKEN-MALFORMED says which part is missing or damaged; it never quotes the content.
absl::StatusOr<muster::worker::v1::TokenFile> ParseTokenFile(absl::string_view text);

}  // namespace muster::rpc

#endif  // MUSTER_PROTO_RPC_TOKEN_FILE_H_
