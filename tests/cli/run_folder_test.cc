// The manifest is never ahead of the files, and a stage is only finished with the file that it left.
#include "cli/run_folder.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "datasets/file.h"

namespace mote {
namespace {

class RunFolderTest : public testing::Test {
 protected:
  void SetUp() override {
    path_ = testing::TempDir() + "/run_folder_" + std::to_string(getpid());
    std::filesystem::remove_all(path_);
    folder_ = RunFolder::Fresh(path_);
    folder_.manifest()["recipe"] = {{"path", "r.toml"}};
    folder_.manifest()["seed"] = 1u;
    folder_.manifest()["run_hash"] = "x";
    ASSERT_TRUE(folder_.SaveManifest().ok());
  }
  void TearDown() override { std::filesystem::remove_all(path_); }

  void Finish(const std::string& stage, const std::string& tag, const std::string& file) {
    ASSERT_TRUE(folder_.BeginStage(stage, tag).ok());
    ASSERT_TRUE(WriteFileAtomically(folder_.File(file), stage + " " + tag).ok());
    ASSERT_TRUE(folder_.FinishStage(stage, {{"note", "done"}}).ok());
  }

  std::string path_;
  RunFolder folder_ = RunFolder::Fresh("");
};

TEST_F(RunFolderTest, AStageIsFinishedUnderItsTagOnly) {
  EXPECT_FALSE(*folder_.Finished("train", "a"));
  ASSERT_TRUE(folder_.BeginStage("train", "a").ok());
  EXPECT_FALSE(*folder_.Finished("train", "a"));
  Finish("train", "a", "float.ckpt");
  absl::StatusOr<RunFolder> again = RunFolder::Open(path_);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(*again->Finished("train", "a"));
  EXPECT_FALSE(*again->Finished("train", "b"));
}

TEST_F(RunFolderTest, AFileThatWasChangedIsAnError) {
  Finish("train", "a", "float.ckpt");
  ASSERT_TRUE(WriteFileAtomically(folder_.File("float.ckpt"), "something else").ok());
  absl::StatusOr<bool> finished = folder_.Finished("train", "a");
  ASSERT_FALSE(finished.ok());
  EXPECT_EQ(std::string(finished.status().message()),
            folder_.File("float.ckpt") + " is not the file that manifest.json describes; --force makes it again");
}

TEST_F(RunFolderTest, AnotherTagRemovesTheStageAndAllLaterOnes) {
  Finish("train", "a", "float.ckpt");
  Finish("quantize", "b", "quantized.ckpt");
  Finish("export", "c", "model.tflite");
  Finish("verify", "d", "verify.json");
  ASSERT_TRUE(folder_.BeginStage("quantize", "other").ok());
  EXPECT_TRUE(*folder_.Finished("train", "a"));
  EXPECT_FALSE(folder_.Begun("export"));
  EXPECT_FALSE(folder_.Begun("verify"));
  EXPECT_TRUE(std::filesystem::exists(folder_.File("float.ckpt")));
  for (const char* file : {"quantized.ckpt", "model.tflite", "verify.json"}) {
    EXPECT_FALSE(std::filesystem::exists(folder_.File(file))) << file;
  }
}

TEST_F(RunFolderTest, FilesThatAreNotTheRunsStay) {
  ASSERT_TRUE(WriteFileAtomically(folder_.File("notes.txt"), "mine").ok());
  ASSERT_TRUE(folder_.Discard("train").ok());
  EXPECT_TRUE(std::filesystem::exists(folder_.File("notes.txt")));
}

TEST_F(RunFolderTest, AForeignManifestIsRefusedByName) {
  for (const char* text :
       {"", "{", "[]", "{\"format\": \"mote-run 2\"}", "{\"format\": 3}",
        "{\"format\": \"mote-run 1\", \"recipe\": {\"path\": \"r\"}, \"seed\": -1, \"run_hash\": \"\"}",
        "{\"format\": \"mote-run 1\", \"recipe\": {\"path\": \"r\"}, \"seed\": 1, \"run_hash\": \"\", "
        "\"stages\": {\"train\": {\"tag\": 1}}}"}) {
    ASSERT_TRUE(WriteFileAtomically(folder_.File("manifest.json"), text).ok());
    absl::StatusOr<RunFolder> opened = RunFolder::Open(path_);
    ASSERT_FALSE(opened.ok()) << text;
    EXPECT_EQ(std::string(opened.status().message()),
              path_ + "/manifest.json is not a manifest of the format mote-run 1");
  }
}

}  // namespace
}  // namespace mote
