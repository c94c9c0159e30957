// Which names people take for one another: what somebody may choose so that an operator lets in the
// wrong machine. Pure.
#ifndef MUSTER_BASE_LOOK_ALIKES_H_
#define MUSTER_BASE_LOOK_ALIKES_H_

#include <string>

#include "absl/strings/string_view.h"

namespace muster {

// What is left of a name when all that looks alike is made the same. Two names look alike when they
// differ by FoldName (base/names.h) and are equal by this:
//
//   1  Unicode's compatibility form (NFKC), without case and without a dot at the end
//   2  letters of other alphabets that have a Latin twin as that one (of the small letter, else of
//      the capital): Cyrillic, Greek, Armenian, and Latin's own variants; dashes as '-'
//   3  "rn" as "m", "vv" as "w"
//   4  0 as o; 1, i and | as l
//
// It is less than Unicode's own table of confusable characters: accents tell names apart here, and
// so do 5 and s, 8 and b, 2 and z. For text that is no UTF-8 itself.
std::string ShapeOf(absl::string_view name);

}  // namespace muster

#endif  // MUSTER_BASE_LOOK_ALIKES_H_
