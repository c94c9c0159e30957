// A directory of a test's own, removed with everything in it.
#ifndef MUSTER_TESTS_BASE_SQL_TEMP_DIR_H_
#define MUSTER_TESTS_BASE_SQL_TEMP_DIR_H_

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/fakes/new_folder.h"

namespace muster::sql {

class TempDir {
 public:
  TempDir() : path_(NewFolder("muster-sql")) {}
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace muster::sql

#endif  // MUSTER_TESTS_BASE_SQL_TEMP_DIR_H_
