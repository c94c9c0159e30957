// The driver over the service's HTTP API (certify.md 1).
#ifndef MUSTER_WORKER_SERVICE_HTTP_DRIVER_H_
#define MUSTER_WORKER_SERVICE_HTTP_DRIVER_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/http/client.h"
#include "worker/service/driver.h"
#include "worker/service/service_files.h"

namespace muster::worker {

struct HttpDriverOptions {
  std::string app_data_folder;
  bool negotiate = false;  // Answer Windows' challenge as the user this process runs as.
  absl::Duration connect_timeout = absl::Seconds(5);
  absl::Duration question_timeout = absl::Seconds(15);
  absl::Duration join_timeout = absl::Seconds(300);  // A join is several hub calls of up to 100 s.
};

class HttpServiceDriver final : public ServiceDriver {
 public:
  // `client` and `trust` outlive the driver. The client sends to proven listeners only (loopback.h).
  HttpServiceDriver(http::Client& client, ServiceTrust& trust, HttpDriverOptions options)
      : client_(client), trust_(trust), options_(std::move(options)) {}

  Survey TakeSurvey() override;
  absl::StatusOr<types::v1::ServiceFacts> ReadIdentity() override;
  absl::StatusOr<bool> IsHubConnected() override;
  JoinAnswer Join(const JoinCall& call) override;

 private:
  http::Request Question(absl::string_view path) const;
  // The body of a 200; everything else as an E-SERVICE-… status.
  absl::StatusOr<std::string> Ask(absl::string_view path);
  absl::Status AskVersion(const ServiceFiles& files, types::v1::ServiceFacts& facts);

  http::Client& client_;
  ServiceTrust& trust_;
  const HttpDriverOptions options_;
  std::string endpoint_;  // Of the last survey that found the service.
};

}  // namespace muster::worker

#endif  // MUSTER_WORKER_SERVICE_HTTP_DRIVER_H_
