// A log whose reader stops reading: callers go on, and what is lost is counted and said.
#include "base/log_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/log.h"
#include "base/mutex.h"
#include "base/notification.h"

namespace muster::log {
namespace {

// A sink that blocks until it is let go.
struct Reader {
  Mutex mu;
  bool reads ABSL_GUARDED_BY(mu) = false;
  std::string text ABSL_GUARDED_BY(mu);
  Notification first;

  bool Write(absl::string_view part) {
    if (!first.HasBeenNotified()) first.Notify();
    MutexLock lock(&mu);
    mu.Await(absl::Condition(&reads));
    text.append(part.data(), part.size());
    return true;
  }
  void Read() {
    MutexLock lock(&mu);
    reads = true;
  }
  std::string Text() {
    MutexLock lock(&mu);
    return text;
  }
};

TEST(BackgroundWriter, NobodyWaitsForAReaderThatDoesNotRead) {
  auto reader = std::make_shared<Reader>();
  {
    BackgroundWriter writer([reader](absl::string_view part) { return reader->Write(part); });
    Info("first");
    reader->first.WaitForNotification();
    const std::string filler(1000, 'x');
    for (int i = 0; i < 3000; ++i) Info("line", {{"text", filler}});
    EXPECT_GT(writer.lost(), 1500u);
    EXPECT_LT(writer.lost(), 2500u);
    reader->Read();
  }
  const std::string text = reader->Text();
  EXPECT_THAT(text, testing::HasSubstr("msg=first"));
  EXPECT_THAT(text, testing::HasSubstr("log lines lost"));
  EXPECT_EQ(text.back(), '\n');
}

TEST(BackgroundWriter, AReaderThatNeverReadsHoldsUpTheEndForSecondsOnly) {
  auto reader = std::make_shared<Reader>();
  {
    BackgroundWriter writer([reader](absl::string_view part) { return reader->Write(part); });
    Info("first");
    reader->first.WaitForNotification();
  }
  EXPECT_FALSE(BackgroundWriter::Take("line\n")) << "lines are written by their callers again";
  reader->Read();
}

TEST(BackgroundWriter, WritesAllThatWasTakenBeforeItEnds) {
  auto reader = std::make_shared<Reader>();
  reader->Read();
  {
    BackgroundWriter writer([reader](absl::string_view part) { return reader->Write(part); });
    for (int i = 0; i < 100; ++i) Info("line", {{"number", i}});
  }
  EXPECT_THAT(reader->Text(), testing::HasSubstr("number=99\n"));
}

TEST(Levels, AreFoundByName) {
  for (const Level level : {Level::kDebug, Level::kInfo, Level::kWarning, Level::kError}) {
    EXPECT_EQ(FindLevel(LevelName(level)), level);
  }
  for (const char* bad : {"", "INFO", "verbose", "info "}) EXPECT_EQ(FindLevel(bad), std::nullopt);
}

}  // namespace
}  // namespace muster::log
