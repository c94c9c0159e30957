// Router maps method and path to a handler, as forgiving as ASP.NET Core: case does not matter, nor
// does a trailing slash. Not thread-safe: filled once, then read on the loop.
#ifndef MUSTER_TESTS_DOUBLES_HTTP_ROUTER_H_
#define MUSTER_TESTS_DOUBLES_HTTP_ROUTER_H_

#include <string>
#include <vector>

#include "tests/doubles/http/message.h"

namespace muster::doubles {

class Router {
 public:
  // `pattern` like "internal/v1/hub/instances/{id}"; what {} matches goes to Request::args in
  // order. Routes added first win.
  void Add(absl::string_view method, absl::string_view pattern, Handler handler);
  // For handlers that answer at once.
  void AddSimple(absl::string_view method, absl::string_view pattern,
                 std::function<Response(const Request&)> handler);

  // Calls the route's handler; answers 404 without a body when no path matches, 405 when only the
  // method differs.
  void Serve(Request request, Reply reply) const;

 private:
  struct Route {
    std::string method;
    std::vector<std::string> segments;
    Handler handler;
  };
  std::vector<Route> routes_;
};

}  // namespace muster::doubles

#endif  // MUSTER_TESTS_DOUBLES_HTTP_ROUTER_H_
