#include "tests/integration/health_watch.h"

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>

#include <chrono>
#include <utility>
#include <vector>

#include "tests/orchestrator/app/orchestrator_fixture.h"

namespace muster {
namespace {

// The packaged gRPC has the health service without its generated header. The request's only field
// is the name of a service, the answer's is this enum, as field 1.
constexpr char kServing = 1;

bool SaysServing(const grpc::ByteBuffer& message) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (message.Dump(&slices).ok()) {
    for (const grpc::Slice& slice : slices) {
      bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
    }
  }
  return bytes == std::string({'\x08', kServing});
}

// One call whose messages are bytes, and one operation of it at a time.
class StreamCall {
 public:
  StreamCall(std::shared_ptr<grpc::Channel> channel, const std::string& method)
      : stub_(std::move(channel)) {
    app::SetTestDeadline(context_);
    stream_ = stub_.PrepareCall(&context_, method, &queue_);
    stream_->StartCall(this);
    open_ = Done();
  }
  ~StreamCall() {
    context_.TryCancel();
    grpc::Status status;
    stream_->Finish(&status, this);
    Done();
    queue_.Shutdown();
    while (Done()) {
    }
  }
  bool open() const { return open_; }
  void Write(const std::string& message) {
    if (!open_) return;
    const grpc::Slice slice(message);
    stream_->Write(grpc::ByteBuffer(&slice, 1), this);
    open_ = Done();
  }
  bool Read(grpc::ByteBuffer* message) {
    if (!open_) return false;
    stream_->Read(message, this);
    return open_ = Done();
  }

 private:
  // Waits for the operation in flight; whether it succeeded.
  bool Done() {
    void* tag = nullptr;
    bool ok = false;
    return queue_.Next(&tag, &ok) && ok;
  }

  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  grpc::GenericStub stub_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
  bool open_ = false;
};

}  // namespace

struct HealthWatch::Call {
  StreamCall stream;
};

HealthWatch::HealthWatch(std::shared_ptr<grpc::Channel> channel, const std::string& service)
    : call_(new Call{StreamCall(std::move(channel), "/grpc.health.v1.Health/Watch")}) {
  std::string request;
  if (!service.empty()) request = std::string{'\x0a', static_cast<char>(service.size())} + service;
  call_->stream.Write(request);
}
HealthWatch::~HealthWatch() = default;

bool HealthWatch::Await(bool serving) {
  grpc::ByteBuffer message;
  while (call_->stream.Read(&message)) {
    if (SaysServing(message) == serving) return true;
  }
  return false;
}

struct OpenCall::Call {
  StreamCall stream;
};

OpenCall::OpenCall(std::shared_ptr<grpc::Channel> channel, const std::string& method)
    : call_(new Call{StreamCall(std::move(channel), method)}) {
  // An answer to one message, whatever it says, shows that the server has the call.
  call_->stream.Write(std::string("\x3a\x00", 2));  // Reflection's list_services.
  grpc::ByteBuffer answer;
  call_->stream.Read(&answer);
}
OpenCall::~OpenCall() = default;

}  // namespace muster
