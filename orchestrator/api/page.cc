#include "orchestrator/api/page.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "orchestrator/api/requests.h"

namespace muster::api {
namespace {

constexpr int kDefaultPage = 200;
constexpr int kLargestPage = 1000;

}  // namespace

absl::StatusOr<Page> Page::Parse(absl::string_view list, int size, absl::string_view token) {
  if (size < 0 || size > kLargestPage) {
    return InvalidRequest(absl::StrCat("page_size ", size, " is not within 0 to ", kLargestPage));
  }
  std::string cursor;
  if (!token.empty()) {
    std::string text;
    absl::string_view rest;
    if (!absl::WebSafeBase64Unescape(token, &text) ||
        !absl::ConsumePrefix(&(rest = text), absl::StrCat(list, "\n"))) {
      return InvalidRequest("page_token is not one that the list before gave");
    }
    cursor = std::string(rest);
  }
  return Page(std::string(list), size == 0 ? kDefaultPage : size, std::move(cursor));
}

std::string Page::TokenOf(absl::string_view cursor) const {
  return absl::WebSafeBase64Escape(absl::StrCat(list_, "\n", cursor));
}

}  // namespace muster::api
