#include "orchestrator/api/admin_api.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <utility>

#include "base/status_macros.h"

namespace muster::api {
namespace {

std::unique_ptr<Message> NewMessage(const google::protobuf::Descriptor* type) {
  return std::unique_ptr<Message>(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
}

}  // namespace

absl::StatusOr<std::unique_ptr<AdminApi>> AdminApi::Create(const Dependencies& dependencies) {
  ASSIGN_OR_RETURN(CallTable table, CallTable::Create(dependencies));
  return std::unique_ptr<AdminApi>(new AdminApi(dependencies, std::move(table)));
}

std::unique_ptr<Message> AdminApi::NewRequest(const Method& method) {
  return NewMessage(method.request);
}

void AdminApi::Call(const Method& method, Credentials credentials,
                    std::unique_ptr<const Message> request, Done done) const {
  auto exchange = std::make_shared<Exchange>(
      Exchange{std::move(request), NewMessage(method.response), std::move(done), nullptr});
  // Answers by itself when the pool drops the task.
  Responder<Message> to(exchange);
  method.pool->Run([this, &method, exchange = std::move(exchange), to = std::move(to),
                    claim = Claim{method.path, std::move(credentials)}]() mutable {
    const auto snapshot = d_.store.Read();
    if (!snapshot.ok()) return to.Finish(snapshot.status());
    const auto caller = method.calls->Authorize(claim, **snapshot);
    if (!caller.ok()) return to.Finish(caller.status());
    exchange->last_look = [&revocations = d_.revocations, actor = caller->actor.name] {
      return revocations.Check(actor);
    };
    const store::WalledSnapshot walled(**snapshot, caller->actor.wall);
    method.answer(Context{*caller, walled}, *exchange->request, std::move(to));
  });
}

std::shared_ptr<ServerStream> AdminApi::Watch(const Method& method, Credentials credentials,
                                              const Message& request) const {
  return method.stream(Claim{method.path, std::move(credentials)}, request);
}

}  // namespace muster::api
