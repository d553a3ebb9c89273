// Damaged files: whatever the damage, a reader gives a dataset or an error, and never crashes.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "datasets/file.h"
#include "datasets/numpy_file.h"
#include "datasets/random.h"
#include "datasets/readers.h"
#include "tests/datasets/test_files.h"

namespace mote {
namespace {

constexpr int kMutations = 2000;
constexpr uint64_t kSeed = 20240229;
const std::string kData = std::string(MOTE_SOURCE_DIR) + "/tests/datasets/data/";
const std::string kAnyFolder = std::filesystem::temp_directory_path() / "mote-datasets-";

// One to four edits: a bit, a byte, a run removed, repeated or overwritten, the end cut off.
std::string Mutate(std::string bytes, SplitMix64& random) {
  static constexpr char kTelling[] = {0, 1, '\x7f', '\x80', '\xff', ',', '"', '\n', '-', '9', '(', ')', '\'', '{', 'e'};
  for (uint64_t edits = 1 + random.Below(4); edits > 0 && !bytes.empty(); --edits) {
    const size_t at = random.Below(bytes.size());
    const size_t run = 1 + random.Below(std::min<uint64_t>(bytes.size() - at, 8));
    switch (random.Below(6)) {
      case 0:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.Below(8)));
        break;
      case 1:
        bytes[at] = kTelling[random.Below(sizeof kTelling)];
        break;
      case 2:
        bytes.erase(at, run);
        break;
      case 3:
        bytes.insert(at, bytes.substr(at, run));
        break;
      case 4:
        bytes.replace(at, run, std::string(run, kTelling[random.Below(sizeof kTelling)]));
        break;
      case 5:
        bytes.resize(at);
        break;
    }
  }
  return bytes;
}

// `read` gets the path of a damaged copy of `good`. What it reads must be consistent; what it refuses must say where.
void ExpectNoCrash(const std::string& good, const std::function<absl::StatusOr<Dataset>(const std::string&)>& read) {
  TestFolder folder;
  ASSERT_TRUE(read(folder.Write("file", good)).ok());
  SplitMix64 random(kSeed);
  int refused = 0;
  for (int i = 0; i < kMutations; ++i) {
    auto dataset = read(folder.Write("file", Mutate(good, random)));
    if (dataset.ok()) {
      ASSERT_TRUE(Validate(*dataset).ok()) << "mutation " << i << ": " << Validate(*dataset);
      ASSERT_GT(dataset->size(), 0) << "mutation " << i;
    } else {
      ++refused;
      ASSERT_NE(dataset.status().message().find(kAnyFolder), absl::string_view::npos)
          << "mutation " << i << ": " << dataset.status();
      ASSERT_EQ(dataset.status().message().find('\n'), absl::string_view::npos)
          << "mutation " << i << ": " << dataset.status();
    }
  }
  EXPECT_GT(refused, kMutations / 10);
}

const ReadLimits kLimits{1 << 20};

TEST(MutationTest, Csv) {
  ExpectNoCrash("a,\"b \"\"c\"\"\",kind\r\n1,2.5,x\r\n-3e2,4,\"y\"\r\n5,6,x\r\n",
                [](const std::string& path) { return ReadCsv(path, {.limits = kLimits}); });
}
TEST(MutationTest, CsvWithCounts) {
  ExpectNoCrash("3,2,one,two\n1,2,0\n3,4,1\n5,6,0\n",
                [](const std::string& path) { return ReadCsv(path, {.limits = kLimits}); });
}
TEST(MutationTest, CsvGzip) {
  ExpectNoCrash(Gzip("1,2,0\n3,4,1\n5,6,0\n7,8,1\n"),
                [](const std::string& path) { return ReadCsv(path, {.limits = kLimits}); });
}
TEST(MutationTest, CsvRegression) {
  ExpectNoCrash("1,2,0.5\n3,4,1.5\n",
                [](const std::string& path) { return ReadCsv(path, {.regression = true, .limits = kLimits}); });
}
TEST(MutationTest, Npy) {
  ExpectNoCrash(Npy("<f4", "(3, 2)", Raw<float>({1, 2, 3, 4, 5, 6})),
                [](const std::string& path) { return ReadNpy(path, "", kLimits); });
}
TEST(MutationTest, NpyLabels) {
  TestFolder folder;
  const std::string inputs = folder.Write("x", Npy("<f4", "(3, 1)", Raw<float>({1, 2, 3})));
  ExpectNoCrash(Npy("<i4", "(3,)", Raw<int32_t>({0, 1, 0})),
                [&](const std::string& path) { return ReadNpy(inputs, path, kLimits); });
}
TEST(MutationTest, NpzStored) {
  ExpectNoCrash(Contents(kData + "savez.npz"), [](const std::string& path) { return ReadNpz(path, kLimits); });
}
TEST(MutationTest, NpzDeflated) {
  ExpectNoCrash(Contents(kData + "savez_compressed.npz"),
                [](const std::string& path) { return ReadNpz(path, kLimits); });
}
TEST(MutationTest, IdxImages) {
  TestFolder folder;
  const std::string labels = folder.Write("labels", IdxLabels(2, "\x03\x01"));
  ExpectNoCrash(IdxImages(2, 2, 2, "abcdefgh"),
                [&](const std::string& path) { return ReadIdx(path, labels, kLimits); });
}
TEST(MutationTest, IdxLabels) {
  TestFolder folder;
  const std::string images = folder.Write("images", IdxImages(2, 2, 2, "abcdefgh"));
  ExpectNoCrash(IdxLabels(2, "\x03\x01"), [&](const std::string& path) { return ReadIdx(images, path, kLimits); });
}
TEST(MutationTest, Cifar10) {
  std::string records(2 * 3073, '\x01');
  records[3073] = '\x09';
  ExpectNoCrash(Gzip(records), [](const std::string& path) { return ReadCifar10({path}, kLimits); });
}

}  // namespace
}  // namespace mote
