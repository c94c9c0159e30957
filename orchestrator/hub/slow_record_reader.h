// Reads a piece of a hub's list that the fast parser does not take: the one that knows where JSON
// breaks, and that reads what another strict parser refuses. Pure.
#ifndef MUSTER_ORCHESTRATOR_HUB_SLOW_RECORD_READER_H_
#define MUSTER_ORCHESTRATOR_HUB_SLOW_RECORD_READER_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "orchestrator/hub/instance_record.h"

namespace muster::hub {

// `json` with the faults mended that one bad name can bring into a list: U+FFFD for bytes that are no
// UTF-8 and for \u halves of a surrogate pair, blanks for control characters inside of texts.
std::string MendTexts(absl::string_view json);

// Adds the records of a whole JSON array to `builder`. The position of the byte that is no JSON any
// more (the size when it breaks off), or none when it could be read.
std::optional<size_t> ReadRecordsSlowly(absl::string_view array, RecordBuilder& builder);

}  // namespace muster::hub

#endif  // MUSTER_ORCHESTRATOR_HUB_SLOW_RECORD_READER_H_
