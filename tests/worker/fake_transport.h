// A session transport without a network: the test is the orchestrator. One-threaded.
#ifndef MUSTER_TESTS_WORKER_FAKE_TRANSPORT_H_
#define MUSTER_TESTS_WORKER_FAKE_TRANSPORT_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "proto/rpc/time.h"
#include "worker/session/session_transport.h"

namespace muster::worker {

class FakeTransport final : public SessionTransport {
 public:
  // One connection as the orchestrator sees it; lives as long as the transport.
  struct Connection {
    StreamEvents events;
    std::vector<v1::WorkerMessage> sent;  // By the worker.
    bool open = true;                     // Neither side has ended it.
    std::string nonce = {};               // Of Welcome; empty: of an older orchestrator.

    void Say(v1::OrchestratorMessage message) { events.on_message(std::move(message)); }
    void SayWelcome(absl::Time server_time, const v1::ZonePin& pin,
                    absl::Duration spread = absl::Seconds(60)) {
      v1::OrchestratorMessage message;
      *message.mutable_welcome()->mutable_server_time() = rpc::ToProto(server_time);
      *message.mutable_welcome()->mutable_heartbeat_interval() = rpc::ToProto(absl::Seconds(30));
      *message.mutable_welcome()->mutable_reconnect_spread() = rpc::ToProto(spread);
      *message.mutable_welcome()->mutable_zone_pin() = pin;
      message.mutable_welcome()->set_session_nonce(nonce);
      Say(std::move(message));
    }
    void SayCommand(v1::Command command) {
      v1::OrchestratorMessage message;
      *message.mutable_command() = std::move(command);
      Say(std::move(message));
    }
    void SayResultAck(const std::string& command_id) {
      v1::OrchestratorMessage message;
      message.mutable_result_ack()->set_command_id(command_id);
      Say(std::move(message));
    }
    void SayCancel(const std::string& command_id) {
      v1::OrchestratorMessage message;
      message.mutable_cancel()->set_command_id(command_id);
      Say(std::move(message));
    }
    void SayGoodbye(const std::string& code, bool may_reconnect) {
      v1::OrchestratorMessage message;
      message.mutable_goodbye()->set_code(code);
      message.mutable_goodbye()->set_may_reconnect(may_reconnect);
      Say(std::move(message));
    }
    void Break(absl::Status status = absl::UnavailableError("gone")) {
      if (std::exchange(open, false)) events.on_closed(std::move(status));
    }

    std::vector<v1::CommandResult> Results() const {
      std::vector<v1::CommandResult> results;
      for (const auto& message : sent) {
        if (message.has_result()) results.push_back(message.result());
      }
      return results;
    }
    int Count(v1::WorkerMessage::MessageCase kind) const {
      int count = 0;
      for (const auto& message : sent) count += message.message_case() == kind ? 1 : 0;
      return count;
    }
  };

  std::unique_ptr<SessionStream> Connect(StreamEvents events) override {
    connections_.push_back(std::make_unique<Connection>());
    connections_.back()->events = std::move(events);
    return std::make_unique<Stream>(*connections_.back());
  }

  size_t count() const { return connections_.size(); }
  Connection& last() { return *connections_.back(); }

 private:
  class Stream final : public SessionStream {
   public:
    explicit Stream(Connection& connection) : connection_(connection) {}
    ~Stream() override { Close(); }
    void Send(v1::WorkerMessage message) override {
      if (connection_.open) connection_.sent.push_back(std::move(message));
    }
    void Close() override { connection_.Break(absl::CancelledError("closed")); }

   private:
    Connection& connection_;
  };

  std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace muster::worker

#endif  // MUSTER_TESTS_WORKER_FAKE_TRANSPORT_H_
