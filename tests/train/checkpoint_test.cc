#include "train/checkpoint.h"

#include <filesystem>
#include <functional>

#include "datasets/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/train/tiny_model.h"

namespace mote {
namespace {

using ::testing::HasSubstr;

class CheckpointTest : public ::testing::Test {
 protected:
  CheckpointTest() { std::filesystem::create_directories(folder_); }
  ~CheckpointTest() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }

  // Puts `bytes` into a file and loads it: the message without the file's name in front, or "loaded".
  std::string Message(const std::string& bytes) const {
    const std::string path = Path("case.ckpt");
    EXPECT_TRUE(WriteFileAtomically(path, bytes).ok());
    const auto checkpoint = LoadCheckpoint(path);
    if (checkpoint.ok()) return "loaded";
    EXPECT_EQ(checkpoint.status().code(), absl::StatusCode::kInvalidArgument);
    const std::string message(checkpoint.status().message()), head = "checkpoint '" + path + "': ";
    EXPECT_THAT(message, ::testing::StartsWith(head));
    EXPECT_THAT(message, ::testing::Not(HasSubstr("\n")));
    return message.substr(std::min(message.size(), head.size()));
  }

  std::filesystem::path folder_ =
      std::filesystem::path(::testing::TempDir()) /
      (std::string("mote_checkpoint_") + ::testing::UnitTest::GetInstance()->current_test_info()->name());
};

Checkpoint Example() {
  Checkpoint checkpoint;
  checkpoint.meta = R"({"z":1,"a":[0.1,null,"°C"]})";
  checkpoint.tensors = {{"weight", testing::Normal({3, 5}, 1)},
                        {"scalar", torch::tensor(7, torch::kInt64)},
                        {"empty", torch::zeros({0, 4})},
                        {"codes", torch::arange(-5, 100).to(torch::kInt8)},
                        {"bytes", torch::arange(0, 64).to(torch::kUInt8)},
                        {"sums", torch::arange(3, torch::kInt32)},
                        {"fine", testing::Normal({2}, 2).to(torch::kFloat64)}};
  return checkpoint;
}

std::string Padded(std::string bytes) {
  bytes.resize((bytes.size() + 63) / 64 * 64, '\0');
  return bytes;
}

// A file with a true digest around any head and data: what only a hostile or foreign writer would make.
std::string Signed(std::string head, const std::string& data, int64_t head_size = -1) {
  std::string bytes = "MOTECKP1";
  const uint64_t size = head_size < 0 ? head.size() : static_cast<uint64_t>(head_size);
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(size >> 8 * i));
  bytes = Padded(bytes + head) + data;
  const std::string digest = Sha256(bytes);
  for (int i = 0; i < 64; i += 2) bytes.push_back(static_cast<char>(std::stoi(digest.substr(i, 2), nullptr, 16)));
  return bytes;
}

// The head of one list of tensors, padded with spaces so that the data begins at 256.
std::string HeadAt256(const std::string& tensors) {
  std::string head = R"({"meta":{},"tensors":[)" + tensors + "]}";
  head.resize(256 - 16, ' ');
  return head;
}

TEST_F(CheckpointTest, WhatIsSavedIsLoadedBitForBit) {
  const Checkpoint saved = Example();
  ASSERT_TRUE(SaveCheckpoint(Path("a.ckpt"), saved).ok());
  const auto loaded = LoadCheckpoint(Path("a.ckpt"));
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->meta, saved.meta);
  ASSERT_EQ(loaded->tensors.size(), saved.tensors.size());
  for (size_t i = 0; i < saved.tensors.size(); ++i) {
    const auto& [name, tensor] = saved.tensors[i];
    EXPECT_EQ(loaded->tensors[i].first, name);
    EXPECT_EQ(loaded->tensors[i].second.scalar_type(), tensor.scalar_type());
    EXPECT_TRUE(torch::equal(loaded->tensors[i].second, tensor)) << name;
    EXPECT_EQ(loaded->Find(name), &loaded->tensors[i].second);
  }
  EXPECT_EQ(loaded->Find("none"), nullptr);
  ASSERT_TRUE(SaveCheckpoint(Path("b.ckpt"), *loaded).ok());
  EXPECT_EQ(*ReadFile(Path("a.ckpt")), *ReadFile(Path("b.ckpt"))) << "one content, one file";
}

TEST_F(CheckpointTest, EveryTensorBeginsAtAMultipleOf64) {
  // Heads of every length around the places where an offset gains a digit and the padding another block.
  for (int length = 0; length < 300; ++length) {
    Checkpoint checkpoint = Example();
    checkpoint.meta = "\"" + std::string(length, 'x') + "\"";
    ASSERT_TRUE(SaveCheckpoint(Path("a.ckpt"), checkpoint).ok());
    const auto loaded = LoadCheckpoint(Path("a.ckpt"));
    ASSERT_TRUE(loaded.ok()) << loaded.status() << " with " << length;
    EXPECT_EQ(ReadFile(Path("a.ckpt"))->size() % 64, 32u);
    EXPECT_TRUE(torch::equal(loaded->tensors[6].second, checkpoint.tensors[6].second));
  }
}

TEST_F(CheckpointTest, StridedTensorsAndNanAreSavedAsTheyRead) {
  Checkpoint checkpoint;
  const torch::Tensor turned = testing::Normal({4, 3}, 1).t();
  checkpoint.tensors = {{"turned", turned}, {"nan", torch::full({2}, std::nanf("7"))}};
  ASSERT_TRUE(SaveCheckpoint(Path("a.ckpt"), checkpoint).ok());
  const auto loaded = LoadCheckpoint(Path("a.ckpt"));
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_TRUE(torch::equal(*loaded->Find("turned"), turned));
  EXPECT_TRUE(torch::equal(loaded->Find("nan")->view(torch::kInt32), checkpoint.tensors[1].second.view(torch::kInt32)));
}

TEST_F(CheckpointTest, WhatCannotBeSavedIsRefusedAndTheOldFileStays) {
  ASSERT_TRUE(SaveCheckpoint(Path("a.ckpt"), Example()).ok());
  const std::string before = *ReadFile(Path("a.ckpt"));
  const auto message = [&](const std::function<void(Checkpoint&)>& adjust) {
    Checkpoint checkpoint = Example();
    adjust(checkpoint);
    return std::string(SaveCheckpoint(Path("a.ckpt"), checkpoint).message());
  };
  const std::string where = "checkpoint '" + Path("a.ckpt") + "': ";
  EXPECT_EQ(message([](Checkpoint& c) { c.meta = "{"; }), where + "its meta is not JSON");
  EXPECT_EQ(message([](Checkpoint& c) { c.tensors[1].first = "weight"; }), where + "two tensors are called 'weight'");
  EXPECT_EQ(message([](Checkpoint& c) { c.tensors[0].second = torch::Tensor(); }),
            where + "tensor 'weight' is undefined");
  EXPECT_EQ(message([](Checkpoint& c) { c.tensors[0].second = torch::zeros({1}, torch::kHalf); }),
            where + "tensor 'weight' is Half; float32, float64, int8, int32, int64 or uint8 is right");
  EXPECT_THAT(message([](Checkpoint& c) { c.tensors[0].first = "\xff"; }), HasSubstr("UTF-8"));
  EXPECT_EQ(*ReadFile(Path("a.ckpt")), before);
  EXPECT_FALSE(SaveCheckpoint("/dev/null/a.ckpt", Example()).ok());
}

TEST_F(CheckpointTest, AFileCutShortAnywhereIsRefused) {
  ASSERT_TRUE(SaveCheckpoint(Path("a.ckpt"), Example()).ok());
  const std::string whole = *ReadFile(Path("a.ckpt"));
  EXPECT_EQ(Message(whole), "loaded");
  EXPECT_EQ(Message(""), "cut short: 0 bytes hold no head");
  EXPECT_EQ(Message(whole.substr(0, 5)), "cut short: 5 bytes hold no head");
  EXPECT_EQ(Message(whole.substr(0, 47)), "cut short: 47 bytes hold no head");
  EXPECT_THAT(Message(whole.substr(0, 100)), HasSubstr("cut short or damaged: its head would be "));
  EXPECT_THAT(Message(whole.substr(0, whole.size() - 33)),
              HasSubstr("cut short or damaged: its SHA-256 does not match"));
  EXPECT_EQ(Message(whole.substr(0, whole.size() - 1)),
            "cut short or damaged: its SHA-256 does not match its " + std::to_string(whole.size() - 1) + " bytes");
  for (size_t size = 0; size < whole.size(); size += 7) EXPECT_NE(Message(whole.substr(0, size)), "loaded") << size;
}

TEST_F(CheckpointTest, AnyFlippedBitIsFound) {
  ASSERT_TRUE(SaveCheckpoint(Path("a.ckpt"), Example()).ok());
  const std::string whole = *ReadFile(Path("a.ckpt"));
  for (size_t i = 0; i < whole.size(); i += 5) {
    std::string flipped = whole;
    flipped[i] = static_cast<char>(flipped[i] ^ 1 << i % 8);
    EXPECT_NE(Message(flipped), "loaded") << "byte " << i;
  }
  std::string in_data = whole;
  in_data[whole.size() - 200] ^= 4;
  EXPECT_THAT(Message(in_data), HasSubstr("its SHA-256 does not match"));
  EXPECT_THAT(Message(whole + "x"), HasSubstr("its SHA-256 does not match"));
}

TEST_F(CheckpointTest, AForeignFileIsRefusedByItsBeginning) {
  EXPECT_EQ(Message("PK\x03\x04" + std::string(500, 'x')), "not a checkpoint of mote; it would begin with MOTECKP1");
  EXPECT_EQ(Message("MOTECKP2" + std::string(500, 'x')), "not a checkpoint of mote; it would begin with MOTECKP1");
  EXPECT_EQ(Message("MO!"), "not a checkpoint of mote; it would begin with MOTECKP1");
  EXPECT_THAT(LoadCheckpoint(Path("absent.ckpt")).status().message(), HasSubstr("absent.ckpt"));
  EXPECT_FALSE(LoadCheckpoint(folder_.string()).ok()) << "a folder is no file";
}

TEST_F(CheckpointTest, AHeadThatLiesIsRefusedEvenWithATrueDigest) {
  const std::string good = R"({"name":"a","dtype":"float32","shape":[2,3],"offset":256})";
  const std::string data(64, '\1');
  EXPECT_EQ(Message(Signed(HeadAt256(good), data)), "loaded");
  const auto tensors = [&](const std::string& list, const std::string& bytes) {
    return Message(Signed(HeadAt256(list), bytes));
  };

  EXPECT_EQ(Message(Signed(HeadAt256(good), data, INT64_MAX)),
            "cut short or damaged: its head would be 9223372036854775807 bytes of 352");
  EXPECT_EQ(Message(Signed("{\"meta\":", data)), "its head is not a JSON object");
  EXPECT_EQ(Message(Signed("[]", data)), "its head is not a JSON object");
  EXPECT_EQ(Message(Signed("{}", data)), "its head has no 'meta'");
  EXPECT_EQ(Message(Signed(R"({"meta":{},"tensors":{}})", data)), "its head has no list 'tensors'");
  EXPECT_EQ(tensors("{}", data), "tensor 0 has no 'name'");
  EXPECT_EQ(tensors("7", data), "tensor 0 has no 'name'");
  EXPECT_EQ(tensors(R"({"name":"a"})", data), "tensor 'a': 'dtype' is missing");
  EXPECT_EQ(tensors(R"({"name":"a","dtype":"int8"})", data), "tensor 'a': 'shape' is missing");
  EXPECT_EQ(tensors(R"({"name":"a","dtype":"int8","shape":[],"offset":-1})", data), "tensor 'a': 'offset' is missing");
  EXPECT_EQ(tensors(R"({"name":"a","dtype":"bfloat16","shape":[2],"offset":256})", data),
            "tensor 'a': dtype 'bfloat16' is unknown; float32, float64, int8, int32, int64 or uint8 is right");
  EXPECT_EQ(tensors(R"({"name":"a","dtype":"int8","shape":[-2],"offset":256})", data),
            "tensor 'a': shape [-2] holds something other than sizes");
  EXPECT_EQ(tensors(R"({"name":"a","dtype":"int8","shape":[4294967296,4294967296,0],"offset":256})", data),
            "tensor 'a': shape [4294967296,4294967296,0] needs more bytes than any file has");
  EXPECT_EQ(tensors(R"({"name":"a","dtype":"float32","shape":[2,30],"offset":256})", data),
            "tensor 'a': its 240 bytes at offset 256 reach beyond the data's end at 320");
  EXPECT_EQ(tensors(R"({"name":"a","dtype":"float32","shape":[2],"offset":320})", data + data),
            "tensor 'a': offset 320 leaves a gap; 256 is right");
  EXPECT_EQ(tensors(R"({"name":"a","dtype":"float32","shape":[2],"offset":18446744073709551615})", data),
            "tensor 'a': offset 18446744073709551615 leaves a gap; 256 is right");
  EXPECT_EQ(tensors(good + R"(,{"name":"b","dtype":"int8","shape":[2],"offset":256})", data + data),
            "tensor 'b': offset 256 overlaps what comes before; 320 is right");
  EXPECT_EQ(tensors(good + "," + good, data + data), "two tensors are called 'a'");
  EXPECT_EQ(tensors(good, data + data), "64 bytes are left over behind the last tensor");
  EXPECT_EQ(tensors(good, data.substr(0, 24)), "tensor 'a': the padding behind it is missing");
}

TEST_F(CheckpointTest, RestoringNamesTheFirstTensorThatDiffersAndTouchesNothing) {
  const Checkpoint checkpoint = Example();
  const torch::Tensor weight = torch::zeros({3, 5}, torch::TensorOptions().requires_grad(true));
  const torch::Tensor scalar = torch::tensor(0, torch::kInt64);
  EXPECT_EQ(RestoreTensors(checkpoint, "", {{"weight", weight}, {"absent", scalar}}).message(),
            "checkpoint: tensor 'absent' is missing");
  EXPECT_EQ(RestoreTensors(checkpoint, "wei", {{"ght", weight}, {"rd", scalar}}).message(),
            "checkpoint: tensor 'weird' is missing");
  EXPECT_EQ(RestoreTensors(checkpoint, "", {{"weight", weight}, {"codes", torch::zeros({3}, torch::kInt8)}}).message(),
            "checkpoint: tensor 'codes' is int8[105]; int8[3] is right");
  EXPECT_EQ(RestoreTensors(checkpoint, "", {{"weight", weight}, {"scalar", torch::tensor(0.f)}}).message(),
            "checkpoint: tensor 'scalar' is int64[]; float32[] is right");
  EXPECT_EQ(weight.abs().sum().item<float>(), 0);
  ASSERT_TRUE(RestoreTensors(checkpoint, "wei", {{"ght", weight}}).ok());
  EXPECT_TRUE(torch::equal(weight, checkpoint.tensors[0].second));
  EXPECT_TRUE(weight.requires_grad());
}

}  // namespace
}  // namespace mote
