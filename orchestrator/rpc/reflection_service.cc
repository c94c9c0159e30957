#include "orchestrator/rpc/reflection_service.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"
#include "proto/rpc/status.h"

namespace muster::rpc {
namespace {

namespace reflection = grpc::reflection::v1alpha;

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;
using reflection::ServerReflectionRequest;
using reflection::ServerReflectionResponse;
using ReflectionStream = grpc::ServerBidiReactor<ServerReflectionRequest, ServerReflectionResponse>;

// Of one stream: a client asks for some dozen files.
constexpr int kMostQuestionsOfStream = 1000;

void Refuse(grpc::StatusCode code, const char* why, ServerReflectionResponse& response) {
  response.mutable_error_response()->set_error_code(code);
  response.mutable_error_response()->set_error_message(why);
}

// The file, and all that it imports, once each.
void AddFiles(const FileDescriptor& file, std::set<const FileDescriptor*>& added,
              reflection::FileDescriptorResponse& out) {
  if (!added.insert(&file).second) return;
  google::protobuf::FileDescriptorProto proto;
  file.CopyTo(&proto);
  proto.SerializeToString(out.add_file_descriptor_proto());
  for (int i = 0; i < file.dependency_count(); ++i) AddFiles(*file.dependency(i), added, out);
}

void AnswerWithFile(const FileDescriptor* file, ServerReflectionResponse& response) {
  if (file == nullptr) return Refuse(grpc::StatusCode::NOT_FOUND, "there is none", response);
  std::set<const FileDescriptor*> added;
  AddFiles(*file, added, *response.mutable_file_descriptor_response());
}

void Answer(const ServerReflectionRequest& request, const std::set<std::string>& services,
            ServerReflectionResponse& response) {
  const DescriptorPool& pool = *DescriptorPool::generated_pool();
  response.Clear();
  response.set_valid_host(request.host());
  *response.mutable_original_request() = request;
  switch (request.message_request_case()) {
    case ServerReflectionRequest::kListServices:
      for (const std::string& name : services) {
        response.mutable_list_services_response()->add_service()->set_name(name);
      }
      return;
    case ServerReflectionRequest::kFileByFilename:
      return AnswerWithFile(pool.FindFileByName(request.file_by_filename()), response);
    case ServerReflectionRequest::kFileContainingSymbol:
      return AnswerWithFile(pool.FindFileContainingSymbol(request.file_containing_symbol()),
                            response);
    case ServerReflectionRequest::kFileContainingExtension: {
      const auto& asked = request.file_containing_extension();
      const auto* const type = pool.FindMessageTypeByName(asked.containing_type());
      const auto* const extension =
          type == nullptr ? nullptr : pool.FindExtensionByNumber(type, asked.extension_number());
      return AnswerWithFile(extension == nullptr ? nullptr : extension->file(), response);
    }
    case ServerReflectionRequest::kAllExtensionNumbersOfType: {
      const std::string& name = request.all_extension_numbers_of_type();
      const auto* const type = pool.FindMessageTypeByName(name);
      if (type == nullptr) return Refuse(grpc::StatusCode::NOT_FOUND, "there is none", response);
      std::vector<const google::protobuf::FieldDescriptor*> extensions;
      pool.FindAllExtensions(type, &extensions);
      auto& numbers = *response.mutable_all_extension_numbers_response();
      numbers.set_base_type_name(name);
      for (const auto* extension : extensions) numbers.add_extension_number(extension->number());
      return;
    }
    case ServerReflectionRequest::MESSAGE_REQUEST_NOT_SET:
      return Refuse(grpc::StatusCode::INVALID_ARGUMENT, "nothing is asked for", response);
  }
}

// Ends a stream when its listener stops: its read fails then.
class StreamEnd final : public HealthWatcher {
 public:
  explicit StreamEnd(grpc::CallbackServerContext& context) : context_(&context) {}
  void Show(bool) override {}
  void End() override {
    MutexLock lock(&mu_);
    if (context_ != nullptr) context_->TryCancel();
  }
  void Detach() {
    MutexLock lock(&mu_);
    context_ = nullptr;
  }

 private:
  Mutex mu_;
  grpc::CallbackServerContext* context_ ABSL_GUARDED_BY(mu_);
};

// Deletes itself in OnDone.
class ReflectionReactor final : public ReflectionStream {
 public:
  ReflectionReactor(grpc::CallbackServerContext& context, HealthBoard& board, StreamBudget& budget,
                    const std::set<std::string>& services, const ReflectionAccess& access)
      : board_(board),
        services_(services),
        share_(budget.Take(PeerOf(context))),
        end_(std::make_shared<StreamEnd>(context)) {
    if (!share_.has_value()) {
      Finish(grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED,
                          "too many streams are open; end those that are not needed"));
      return;
    }
    board_.Add(end_);
    access(context, [this](const absl::Status& status) {
      if (!status.ok()) return Finish(ToGrpcStatus(status));
      StartRead(&request_);
    });
  }

  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);  // The client has no more questions.
    if (++questions_ > kMostQuestionsOfStream) {
      return Finish(
          grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "too many questions in one stream"));
    }
    Answer(request_, services_, response_);
    StartWrite(&response_);
  }
  void OnWriteDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::CANCELLED);
    StartRead(&request_);
  }
  void OnDone() override {
    board_.Remove(end_.get());
    end_->Detach();
    delete this;
  }

 private:
  HealthBoard& board_;
  const std::set<std::string>& services_;
  const std::optional<StreamBudget::Share> share_;  // None: refused.
  const std::shared_ptr<StreamEnd> end_;
  ServerReflectionRequest request_;
  ServerReflectionResponse response_;
  int questions_ = 0;
};

class ReflectionService final : public reflection::ServerReflection::CallbackService {
 public:
  ReflectionService(HealthBoard& board, StreamBudget& budget, std::set<std::string> services,
                    ReflectionAccess access)
      : board_(board),
        budget_(budget),
        services_(std::move(services)),
        access_(std::move(access)) {}

  ReflectionStream* ServerReflectionInfo(grpc::CallbackServerContext* context) override {
    return new ReflectionReactor(*context, board_, budget_, services_, access_);
  }

 private:
  HealthBoard& board_;
  StreamBudget& budget_;
  const std::set<std::string> services_;
  const ReflectionAccess access_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeReflectionService(HealthBoard& board, StreamBudget& budget,
                                                     std::set<std::string> services,
                                                     ReflectionAccess access) {
  return std::make_unique<ReflectionService>(board, budget, std::move(services), std::move(access));
}

}  // namespace muster::rpc
