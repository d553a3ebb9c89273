#include "datasets/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "datasets/sha256.h"
#include "tests/datasets/test_files.h"

namespace mote {
namespace {

namespace fs = std::filesystem;
using ::testing::EndsWith;
using ::testing::HasSubstr;

int FilesIn(const std::string& folder) {
  return static_cast<int>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(Sha256Test, GivesTheDigestsOfFips180) {
  EXPECT_EQ(Sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(Sha256(std::string(1000000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256Test, PiecesOfAnySizeGiveTheDigestOfTheWhole) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) bytes += static_cast<char>(i * 7);
  for (size_t piece : {1u, 3u, 55u, 56u, 63u, 64u, 65u, 128u, 299u}) {
    Sha256Stream stream;
    for (size_t at = 0; at < bytes.size(); at += piece) {
      stream.Update(bytes.data() + at, std::min(piece, bytes.size() - at));
    }
    EXPECT_EQ(stream.HexDigest(), Sha256(bytes)) << piece;
  }
}

TEST(ReadFileTest, GivesAllBytes) {
  TestFolder folder;
  const std::string bytes("a\0b\r\n\xff", 6);
  EXPECT_EQ(*ReadFile(folder.Write("f", bytes)), bytes);
  EXPECT_EQ(*ReadFile(folder.Write("empty", "")), "");
}

TEST(ReadFileTest, RefusesByNameWhatIsMissingAFolderOrTooLarge) {
  TestFolder folder;
  const std::string missing = folder.path("none");
  EXPECT_EQ(ReadFile(missing).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReadFile(missing).status().message(), missing + ": cannot be opened: No such file or directory");
  EXPECT_THAT(std::string(ReadFile(folder.path("")).status().message()),
              EndsWith(": is a folder; give the path of a file"));
  const std::string large = folder.Write("large", "12345");
  EXPECT_TRUE(ReadFile(large, 5).ok());
  EXPECT_EQ(ReadFile(large, 4).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReadFile(large, 4).status().message(), large + ": 5 bytes; the limit is 4 bytes");
  EXPECT_THAT(std::string(ReadFile("/dev/zero", 1000).status().message()), HasSubstr("the limit is 1000 bytes"));
}

TEST(GzipTest, IsKnownByContentAndUnpackedWithAllItsMembers) {
  TestFolder folder;
  EXPECT_EQ(*ReadFileMaybeGzip(folder.Write("plain", "text")), "text");
  EXPECT_EQ(*ReadFileMaybeGzip(folder.Write("packed", Gzip("text"))), "text");
  EXPECT_EQ(*ReadFileMaybeGzip(folder.Write("two", Gzip("one ") + Gzip("two"))), "one two");
  EXPECT_EQ(*ReadFileMaybeGzip(folder.Write("padded", Gzip("text") + std::string(512, '\0'))), "text");
  const std::string large(1 << 20, 'x');
  EXPECT_EQ(*ReadFileMaybeGzip(folder.Write("large", Gzip(large)), 1 << 20), large);
}

TEST(WriteFileAtomicallyTest, WritesMissingFoldersAndReplacesWhatWasThere) {
  TestFolder folder;
  const std::string path = folder.path("a/b/c.txt");
  ASSERT_TRUE(WriteFileAtomically(path, "first").ok());
  EXPECT_EQ(Contents(path), "first");
  ASSERT_TRUE(WriteFileAtomically(path, std::string("s\0cond", 6)).ok());
  EXPECT_EQ(Contents(path), std::string("s\0cond", 6));
  ASSERT_TRUE(WriteFileAtomically(path, "").ok());
  EXPECT_EQ(Contents(path), "");
  EXPECT_EQ(FilesIn(folder.path("a/b")), 1) << "no temporary file stays";
}

TEST(WriteFileAtomicallyTest, KeepsPermissionsAndFollowsSymbolicLinks) {
  TestFolder folder;
  const std::string path = folder.Write("real", "old");
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  fs::create_symlink("real", folder.path("link"));
  ASSERT_TRUE(WriteFileAtomically(folder.path("link"), "new").ok());
  EXPECT_TRUE(fs::is_symlink(folder.path("link")));
  EXPECT_EQ(Contents(path), "new");
  struct stat info;
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0640u);
}

TEST(WriteFileAtomicallyTest, RefusesWhatIsNotARegularFileAndLeavesNothingBehind) {
  TestFolder folder;
  EXPECT_THAT(std::string(WriteFileAtomically(folder.path(""), "x").message()), HasSubstr("is a folder"));
  EXPECT_THAT(std::string(WriteFileAtomically("/dev/null", "x").message()), HasSubstr("is not a regular file"));
  EXPECT_THAT(std::string(WriteFileAtomically(folder.path("none/"), "x").message()), HasSubstr("ends in '/'"));
  folder.Write("file", "x");
  EXPECT_FALSE(WriteFileAtomically(folder.path("file/below"), "x").ok());
  EXPECT_FALSE(WriteFileAtomically("", "x").ok());
  fs::create_symlink("circle", folder.path("circle"));
  EXPECT_THAT(std::string(WriteFileAtomically(folder.path("circle"), "x").message()), HasSubstr("circle"));
  EXPECT_EQ(Contents(folder.path("file")), "x");
  EXPECT_EQ(FilesIn(folder.path("")), 2);
}

TEST(WriteFileAtomicallyTest, AReaderSeesOneWholeVersionAlways) {
  TestFolder folder;
  const std::string path = folder.path("f");
  const std::string versions[2] = {std::string(300000, 'a'), std::string(500000, 'b')};
  ASSERT_TRUE(WriteFileAtomically(path, versions[0]).ok());
  std::atomic<bool> done{false};
  int failed = 0;
  std::thread writer([&] {
    for (int i = 0; i < 40; ++i) failed += !WriteFileAtomically(path, versions[i % 2]).ok();
    done = true;
  });
  int reads = 0, torn = 0;
  for (; !done || reads == 0; ++reads) {
    auto bytes = ReadFile(path);
    torn += !bytes.ok() || (*bytes != versions[0] && *bytes != versions[1]);
  }
  writer.join();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(torn, 0) << "of " << reads << " reads";
}

}  // namespace
}  // namespace mote
