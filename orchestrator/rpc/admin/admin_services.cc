#include "orchestrator/rpc/admin/admin_services.h"

#include <google/protobuf/descriptor.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/impl/codegen/server_callback_handlers.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "orchestrator/api/requests.h"
#include "orchestrator/rpc/peer.h"
#include "proto/rpc/status.h"

namespace muster::rpc {
namespace {

using api::Message;
using grpc::internal::RpcMethod;

// Null when the bytes are no such message.
std::unique_ptr<Message> Parse(const api::Method& method, const grpc::ByteBuffer& bytes) {
  std::unique_ptr<Message> request = api::AdminApi::NewRequest(method);
  grpc::ByteBuffer copy(bytes);  // Of references; reading consumes them.
  if (!grpc::SerializationTraits<Message>::Deserialize(&copy, request.get()).ok()) return nullptr;
  return request;
}

grpc::Status Write(const Message& message, grpc::ByteBuffer* bytes) {
  bool own = false;
  return grpc::SerializationTraits<Message>::Serialize(message, bytes, &own);
}

absl::Status NoMessage() { return api::InvalidRequest("the bytes are no message of this method"); }

// One stream of answers; deletes itself in OnDone.
class StreamReactor final : public grpc::ServerWriteReactor<grpc::ByteBuffer>,
                            public api::StreamSink {
 public:
  explicit StreamReactor(std::shared_ptr<api::ServerStream> stream) : stream_(std::move(stream)) {
    stream_->Begin(*this);
  }
  explicit StreamReactor(const absl::Status& refusal) { Finish(refusal); }

  // StreamSink.
  void Write(const Message& message) override {
    bytes_.Clear();
    const grpc::Status written = rpc::Write(message, &bytes_);
    if (!written.ok()) return ServerWriteReactor::Finish(written);
    StartWrite(&bytes_);
  }
  void Finish(const absl::Status& status) override {
    ServerWriteReactor::Finish(ToGrpcStatus(status));
  }

  // ServerWriteReactor.
  void OnWriteDone(bool ok) override { stream_->OnWriteDone(ok); }
  void OnCancel() override {
    if (stream_ != nullptr) stream_->OnCancel();
  }
  void OnDone() override {
    if (stream_ != nullptr) stream_->OnDone();
    delete this;
  }

 private:
  const std::shared_ptr<api::ServerStream> stream_;  // Null: refused.
  grpc::ByteBuffer bytes_;
};

// A service of the proto files with all its methods. What generated code does with one handler for
// each method's types, this does with bytes and the method's row of the call table.
class AdminService final : public grpc::Service {
 public:
  AdminService(const google::protobuf::ServiceDescriptor& service, api::Door door,
               const api::AdminApi& api)
      : door_(door), api_(api) {
    for (int i = 0; i < service.method_count(); ++i) {
      const std::string path =
          absl::StrCat("/", service.full_name(), "/", service.method(i)->name());
      Add(i, *api.Find(path));  // The table is complete (CallTable::Create).
    }
  }

 private:
  using Context = grpc::CallbackServerContext;
  using Bytes = grpc::ByteBuffer;

  void Add(int index, const api::Method& method) {
    const bool streams = method.stream != nullptr;
    // The service owns methods and handlers.
    AddMethod(new grpc::internal::RpcServiceMethod(
        method.path.c_str(), streams ? RpcMethod::SERVER_STREAMING : RpcMethod::NORMAL_RPC,
        nullptr));
    if (streams) {
      MarkMethodRawCallback(index, new grpc::internal::CallbackServerStreamingHandler<Bytes, Bytes>(
                                       [this, &method](Context* context, const Bytes* request) {
                                         return Stream(method, *context, *request);
                                       }));
      return;
    }
    MarkMethodRawCallback(
        index, new grpc::internal::CallbackUnaryHandler<Bytes, Bytes>(
                   [this, &method](Context* context, const Bytes* request, Bytes* response) {
                     return Answer(method, *context, *request, response);
                   }));
  }

  api::Credentials CredentialsOf(const Context& context) const {
    return {door_, door_ == api::Door::kMutualTls ? CertificatePemOf(context) : ""};
  }

  grpc::ServerUnaryReactor* Answer(const api::Method& method, Context& context,
                                   const Bytes& request, Bytes* response) {
    grpc::ServerUnaryReactor* const reactor = context.DefaultReactor();
    std::unique_ptr<Message> message = Parse(method, request);
    if (message == nullptr) {
      reactor->Finish(ToGrpcStatus(NoMessage()));
      return reactor;
    }
    api_.Call(method, CredentialsOf(context), std::move(message),
              [reactor, response](const absl::Status& status, const Message& answer) {
                if (!status.ok()) return reactor->Finish(ToGrpcStatus(status));
                reactor->Finish(Write(answer, response));
              });
    return reactor;
  }

  grpc::ServerWriteReactor<Bytes>* Stream(const api::Method& method, Context& context,
                                          const Bytes& request) {
    const std::unique_ptr<Message> message = Parse(method, request);
    if (message == nullptr) return new StreamReactor(NoMessage());
    return new StreamReactor(api_.Watch(method, CredentialsOf(context), *message));
  }

  const api::Door door_;
  const api::AdminApi& api_;
};

}  // namespace

std::vector<std::unique_ptr<grpc::Service>> MakeAdminServices(api::Door door,
                                                              const api::AdminApi& api) {
  std::vector<std::unique_ptr<grpc::Service>> services;
  for (const auto* service : api::AdminServices()) {
    services.push_back(std::make_unique<AdminService>(*service, door, api));
  }
  return services;
}

}  // namespace muster::rpc
