#include "base/http/request_check.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/http/transport_error.h"

namespace muster::http {
namespace {

bool IsToken(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           absl::string_view("!#$%&'*+-.^_`|~").find(c) != absl::string_view::npos;
  });
}

}  // namespace

absl::Status CheckRequest(const Request& request) {
  if (!IsToken(request.method)) return InvalidRequest("the method is not a word");
  for (const Header& header : request.headers) {
    if (!IsToken(header.name)) return InvalidRequest("a header's name is not a word");
    const absl::string_view value = Reveal(header.value);
    if (value.find_first_of(absl::string_view("\r\n\0", 3)) != absl::string_view::npos) {
      return InvalidRequest(
          absl::StrCat("the value of header ", header.name, " holds a line break or a NUL"));
    }
  }
  return absl::OkStatus();
}

}  // namespace muster::http
