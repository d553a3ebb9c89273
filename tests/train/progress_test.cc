#include "train/progress.h"

#include <cmath>
#include <filesystem>

#include "datasets/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "train/tensorboard.h"

namespace mote {
namespace {

EpochReport Report() {
  EpochReport report;
  report.epoch = 3;
  report.epochs = 20;
  report.train_loss = 0.2134;
  report.train_metric = 0.9412;
  report.validation_loss = 0.187;
  report.validation_metric = 0.95;
  report.learning_rate = 1.9e-3;
  report.seconds = 0.8;
  return report;
}

TEST(EpochLineTest, SaysWhatAnEpochBrought) {
  EXPECT_EQ(EpochLine("train", Report(), Task::kClassification),
            "train  epoch 3/20  loss 0.213  accuracy 94.1 %  val 0.187 95.0 %  lr 1.9e-3  0.8 s");
  EXPECT_EQ(EpochLine("", Report(), Task::kRegression),
            "epoch 3/20  loss 0.213  mae 0.9412  val 0.187 0.95  lr 1.9e-3  0.8 s");
}

TEST(EpochLineTest, LeavesOutAValidationThatWasNot) {
  EpochReport report = Report();
  report.validation_loss = report.validation_metric = std::nan("");
  report.learning_rate = 2.0;
  EXPECT_EQ(EpochLine("train", report, Task::kReconstruction),
            "train  epoch 3/20  loss 0.213  mse 0.9412  lr 2.0e0  0.8 s");
}

TEST(BarLineTest, FitsTheTerminalWhateverItsWidth) {
  BarState state;
  state.epoch = 3;
  state.epochs = 20;
  state.epoch_fraction = 0.45;
  state.loss = 0.213;
  state.samples_per_second = 3120;
  state.seconds_left = 3725;
  EXPECT_EQ(BarLine("train", state, 80),
            "train  epoch 3/20 [=====>      ]  45 %  loss 0.213  3120 samples/s  1:02:05 left");
  for (int columns = 0; columns < 200; ++columns) {
    EXPECT_LE(BarLine("train", state, columns).size(), static_cast<size_t>(columns));
  }
  EXPECT_THAT(BarLine("train", state, 60), ::testing::Not(::testing::HasSubstr("[")));
  state.epoch_fraction = 1;
  EXPECT_THAT(BarLine("train", state, 200), ::testing::HasSubstr("[==============================] 100 %"));
}

// RFC 3720, appendix B.4.
TEST(Crc32cTest, EqualsThePublishedExamples) {
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(Crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  std::string rising(32, '\0');
  for (int i = 0; i < 32; ++i) rising[i] = static_cast<char>(i);
  EXPECT_EQ(Crc32c(rising), 0x46dd794eu);
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283u);
}

TEST(TensorBoardWriterTest, EveryFileSortsBehindTheOnesBefore) {
  const std::string dir = ::testing::TempDir() + "/mote_events";
  std::filesystem::remove_all(dir);
  std::filesystem::create_directories(dir);
  // Another writer's file from the future: the clock was set back since.
  const std::string future = dir + "/events.out.tfevents.9000000000.host";
  ASSERT_TRUE(WriteFileAtomically(future, "").ok());
  std::string last = future;
  for (int i = 0; i < 12; ++i) {
    auto writer = TensorBoardWriter::Open(dir, 1);
    ASSERT_TRUE(writer.ok()) << writer.status();
    EXPECT_GT((*writer)->path(), last);
    last = (*writer)->path();
  }
  std::filesystem::remove_all(dir);
}

TEST(TensorBoardWriterTest, AFolderThatCannotBeMadeIsNamed) {
  const auto writer = TensorBoardWriter::Open("/dev/null/events", 1);
  ASSERT_FALSE(writer.ok());
  EXPECT_THAT(std::string(writer.status().message()), ::testing::HasSubstr("tensorboard folder '/dev/null/events': "));
}

}  // namespace
}  // namespace mote
