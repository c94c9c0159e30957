#include "store/model/server.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace muster::store {

std::string CursorOf(const Server& server) {
  return absl::StrCat(server.zone_id.value(), "/", absl::AsciiStrToLower(server.name));
}

}  // namespace muster::store
