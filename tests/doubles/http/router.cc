#include "tests/doubles/http/router.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"

namespace muster::doubles {
namespace {

bool Matches(const std::vector<std::string>& pattern, const std::vector<std::string>& path,
             std::vector<std::string>& args) {
  if (pattern.size() != path.size()) return false;
  args.clear();
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (absl::StartsWith(pattern[i], "{")) {
      args.push_back(path[i]);
    } else if (!absl::EqualsIgnoreCase(pattern[i], path[i])) {
      return false;
    }
  }
  return true;
}

}  // namespace

void Router::Add(absl::string_view method, absl::string_view pattern, Handler handler) {
  routes_.push_back(
      {std::string(method), absl::StrSplit(pattern, '/', absl::SkipEmpty()), std::move(handler)});
}

void Router::AddSimple(absl::string_view method, absl::string_view pattern,
                       std::function<Response(const Request&)> handler) {
  Add(method, pattern, [handler = std::move(handler)](const Request& request, const Reply& reply) {
    reply(handler(request));
  });
}

void Router::Serve(Request request, Reply reply) const {
  const std::vector<std::string> path = absl::StrSplit(request.path, '/', absl::SkipEmpty());
  bool other_method = false;
  for (const Route& route : routes_) {
    if (!Matches(route.segments, path, request.args)) continue;
    if (route.method == request.method) {
      route.handler(request, std::move(reply));
      return;
    }
    other_method = true;
  }
  reply(StatusResponse(other_method ? 405 : 404));
}

}  // namespace muster::doubles
