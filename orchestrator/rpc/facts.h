// Facts, failures and command results: what workers say → the plain values of store and core.
// Foreign text is cut to kMaxFactBytes: it is kept in the database and shown in lists.
#ifndef MUSTER_ORCHESTRATOR_RPC_FACTS_H_
#define MUSTER_ORCHESTRATOR_RPC_FACTS_H_

#include "base/failure.h"
#include "base/foreign_text.h"
#include "muster/types/v1/facts.pb.h"
#include "muster/types/v1/failure.pb.h"
#include "muster/worker/v1/command.pb.h"
#include "muster/worker/v1/session.pb.h"
#include "orchestrator/core/interfaces/worker_events.h"
#include "orchestrator/core/interfaces/worker_link.h"
#include "store/model/server.h"

namespace muster::rpc {

inline constexpr size_t kMaxFactBytes = ForeignText::kMostBytes;

store::MachineFacts FromProto(const muster::types::v1::MachineFacts& facts);
store::ServiceFacts FromProto(const muster::types::v1::ServiceFacts& facts);

// Foreign text, cut to kMaxFactBytes between characters.
std::string CutText(const std::string& text);
// A code that this program does not know (a newer worker's) becomes E-JOIN-UNKNOWN-ANSWER,
// permanent, with the foreign code in the detail.
Failure FromProto(const muster::types::v1::Failure& failure);

// At most kMaxProblems.
inline constexpr size_t kMaxProblems = 16;
std::vector<Failure> ProblemsOf(
    const google::protobuf::RepeatedPtrField<muster::types::v1::Failure>& said);

core::CommandReport FromProto(const muster::worker::v1::CommandResult& result);
std::vector<core::SessionOpening::JournalEntry> JournalOf(const muster::worker::v1::Hello& hello);
// Without the joining secret, which is sealed to the worker that it goes to.
muster::worker::v1::Command ToProto(const core::OutboundCommand& command);

}  // namespace muster::rpc

#endif  // MUSTER_ORCHESTRATOR_RPC_FACTS_H_
