// A folder of a test's own, on every system.
#ifndef MUSTER_TESTS_FAKES_NEW_FOLDER_H_
#define MUSTER_TESTS_FAKES_NEW_FOLDER_H_

#include <gtest/gtest.h>

#include <string>

#include "base/platform/files.h"
#include "base/random.h"

namespace muster {

// Makes "<gtest's folder>/NAME-<random>", for its owner alone; the caller removes it.
inline std::string NewFolder(const std::string& name) {
  const std::string path = testing::TempDir() + "/" + name + "-" + SystemRandom().Base32(10);
  const absl::Status made = MakePrivateDirectory(path);
  EXPECT_TRUE(made.ok()) << made;
  return path;
}

}  // namespace muster

#endif  // MUSTER_TESTS_FAKES_NEW_FOLDER_H_
