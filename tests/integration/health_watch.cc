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

}  // namespace

struct HealthWatch::Call {
  // Waits for the operation in flight; whether it succeeded.
  bool Done() {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  }

  explicit Call(std::shared_ptr<grpc::Channel> channel) : stub(std::move(channel)) {
    app::SetTestDeadline(context);
    stream = stub.PrepareCall(&context, "/grpc.health.v1.Health/Watch", &queue);
    stream->StartCall(this);
    open = Done();
    if (!open) return;
    const grpc::Slice nothing;  // The server as a whole.
    stream->WriteLast(grpc::ByteBuffer(&nothing, 1), grpc::WriteOptions(), this);
    open = Done();
  }
  ~Call() {
    context.TryCancel();
    grpc::Status status;
    stream->Finish(&status, this);
    Done();
    queue.Shutdown();
    while (Done()) {
    }
  }

  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  grpc::GenericStub stub;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream;
  bool open = false;
};

HealthWatch::HealthWatch(std::shared_ptr<grpc::Channel> channel)
    : call_(std::make_unique<Call>(std::move(channel))) {}
HealthWatch::~HealthWatch() = default;

bool HealthWatch::Await(bool serving) {
  while (call_->open) {
    grpc::ByteBuffer message;
    call_->stream->Read(&message, call_.get());
    call_->open = call_->Done();
    if (call_->open && SaysServing(message) == serving) return true;
  }
  return false;
}

}  // namespace muster
