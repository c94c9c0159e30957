// A call with many answers, as whoever carries it sees it: one write at a time.
#ifndef MUSTER_ORCHESTRATOR_API_STREAM_H_
#define MUSTER_ORCHESTRATOR_API_STREAM_H_

#include <google/protobuf/message.h>

#include "absl/status/status.h"

namespace muster::api {

// The carrier's side; its calls return at once and call nothing back before they return.
class StreamSink {
 public:
  virtual ~StreamSink() = default;
  virtual void Write(const google::protobuf::Message& message) = 0;  // Copies it.
  virtual void Finish(const absl::Status& status) = 0;               // Once, last.
};

// Thread-safe. The carrier holds it by shared_ptr until OnDone.
class ServerStream {
 public:
  virtual ~ServerStream() = default;
  virtual void Begin(StreamSink& sink) = 0;
  virtual void OnWriteDone(bool ok) = 0;  // The next may be written; false: nobody reads any more.
  virtual void OnCancel() = 0;
  virtual void OnDone() = 0;  // The sink is gone.
};

}  // namespace muster::api

#endif  // MUSTER_ORCHESTRATOR_API_STREAM_H_
