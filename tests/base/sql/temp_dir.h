// A directory of a test's own, removed with everything in it.
#ifndef MUSTER_TESTS_BASE_SQL_TEMP_DIR_H_
#define MUSTER_TESTS_BASE_SQL_TEMP_DIR_H_

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

namespace muster::sql {

class TempDir {
 public:
  TempDir() : path_(testing::TempDir() + "/muster-sql-XXXXXX") {
    if (mkdtemp(path_.data()) == nullptr) ADD_FAILURE() << "mkdtemp " << path_;
  }
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
