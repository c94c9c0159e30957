// The log's level as a file that may be changed while a daemon runs.
//
//   echo debug > DATA-DIR/log-level && kill -HUP PID     from here on debug
//   rm DATA-DIR/log-level && kill -HUP PID               what --log-level says, again
#ifndef MUSTER_BASE_LOG_LEVEL_FILE_H_
#define MUSTER_BASE_LOG_LEVEL_FILE_H_

#include <string>

#include "base/log.h"

namespace muster::log {

// Sets the level that the file `log-level` in `directory` names, `otherwise` where there is none.
// A file that names no level changes nothing and is complained about. Blocks on the disk.
void ApplyLevelFile(const std::string& directory, Level otherwise);

}  // namespace muster::log

#endif  // MUSTER_BASE_LOG_LEVEL_FILE_H_
