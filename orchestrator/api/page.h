// One page of a list: what a request asks for, and how an answer says where the next begins.
#ifndef MUSTER_ORCHESTRATOR_API_PAGE_H_
#define MUSTER_ORCHESTRATOR_API_PAGE_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster::api {

class Page {
 public:
  // Of a request with page_size and page_token; `list` names the list that the tokens are of.
  // E-REQUEST-INVALID for a size outside 0 to 1,000 (0: 200), and for a token that no page of this
  // list gave.
  template <typename Request>
  static absl::StatusOr<Page> Of(absl::string_view list, const Request& request) {
    return Parse(list, request.page_size(), request.page_token());
  }

  int size() const { return size_; }
  int limit() const { return size_ + 1; }  // For the query: one more tells whether a page follows.
  const std::string& cursor() const { return cursor_; }  // Empty: from the start.

  // Cuts what was read with `limit` to the page. The response says how to go on behind the last row
  // if there is more; `cursor_of(row)` is where.
  template <typename Rows, typename Response, typename CursorOf>
  void Cut(Rows& rows, Response& response, CursorOf cursor_of) const {
    if (static_cast<int>(rows.size()) <= size_) return;
    rows.erase(rows.begin() + size_, rows.end());
    response.set_next_page_token(TokenOf(cursor_of(rows.back())));
  }
  // Opaque to callers: the cursor in base64, marked with its list.
  std::string TokenOf(absl::string_view cursor) const;

 private:
  Page(std::string list, int size, std::string cursor)
      : list_(std::move(list)), size_(size), cursor_(std::move(cursor)) {}
  static absl::StatusOr<Page> Parse(absl::string_view list, int size, absl::string_view token);

  std::string list_;
  int size_;
  std::string cursor_;
};

}  // namespace muster::api

#endif  // MUSTER_ORCHESTRATOR_API_PAGE_H_
