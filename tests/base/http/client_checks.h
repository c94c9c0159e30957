// Requests and expectations that the tests of all HTTP clients share.
#ifndef MUSTER_TESTS_BASE_HTTP_CLIENT_CHECKS_H_
#define MUSTER_TESTS_BASE_HTTP_CLIENT_CHECKS_H_

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "base/http/client.h"
#include "base/http/transport_error.h"

namespace muster::http {

inline Request Get(const std::string& url) {
  Request request;
  request.url = url;
  return request;
}

inline Request Post(const std::string& url, Text body) {
  Request request;
  request.method = "POST";
  request.url = url;
  request.SetJson(std::move(body));
  return request;
}

inline void ExpectError(const absl::StatusOr<Response>& answer, TransportError error,
                        bool may_have_been_sent) {
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(TransportErrorOf(answer.status()), error) << answer.status();
  EXPECT_EQ(RequestMayHaveBeenSent(answer.status()), may_have_been_sent) << answer.status();
}

}  // namespace muster::http

#endif  // MUSTER_TESTS_BASE_HTTP_CLIENT_CHECKS_H_
