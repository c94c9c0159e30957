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
  std::string pipe;        // Name of the service's pipe; empty: there are none.
  absl::Duration connect_timeout = absl::Seconds(5);
  absl::Duration question_timeout = absl::Seconds(15);
  absl::Duration join_timeout = absl::Seconds(300);  // A join is several hub calls of up to 100 s.
};

class HttpServiceDriver final : public ServiceDriver {
 public:
  // `client`, `trust` and `pipe_client` outlive the driver. The clients send to proven listeners only
  // (loopback.h, platform/service_pipe.h). `pipe_client` speaks to options.pipe whatever the URL
  // says; null: there are no pipes.
  HttpServiceDriver(http::Client& client, ServiceTrust& trust, HttpDriverOptions options,
                    http::Client* pipe_client = nullptr)
      : client_(client), trust_(trust), options_(std::move(options)), pipe_client_(pipe_client) {}

  Survey TakeSurvey() override;
  absl::StatusOr<types::v1::ServiceFacts> ReadIdentity() override;
  absl::StatusOr<bool> IsHubConnected() override;
  JoinAnswer Join(const JoinCall& call) override;

 private:
  // A way to the service: a URL's origin, over TCP or over the pipe.
  struct Way {
    std::string origin;
    bool pipe = false;
  };
  std::vector<Way> WaysTo(const ServiceFiles& files) const;
  http::Client& ClientOf(const Way& way) const { return way.pipe ? *pipe_client_ : client_; }
  http::Request Question(absl::string_view path) const;
  // The body of a 200; everything else as an E-SERVICE-… status.
  absl::StatusOr<std::string> Ask(absl::string_view path);
  absl::Status AskVersion(const ServiceFiles& files, types::v1::ServiceFacts& facts);

  http::Client& client_;
  ServiceTrust& trust_;
  const HttpDriverOptions options_;
  http::Client* const pipe_client_;
  Way way_;  // Of the last survey that found the service.
};

}  // namespace muster::worker

#endif  // MUSTER_WORKER_SERVICE_HTTP_DRIVER_H_
