// The words of which messages of services, hubs, proxies and their libraries are made.
#ifndef MUSTER_BASE_PLAIN_WORDS_H_
#define MUSTER_BASE_PLAIN_WORDS_H_

#include "absl/strings/string_view.h"

namespace muster {

// `word` in lower case, of a to z alone. Pure.
bool IsPlainWord(absl::string_view word);

}  // namespace muster

#endif  // MUSTER_BASE_PLAIN_WORDS_H_
