// Every malformed file is refused by one line that names the file, the place and what would be right.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "datasets/numpy_file.h"
#include "datasets/readers.h"
#include "datasets/zip.h"
#include "tests/datasets/test_files.h"

namespace mote {
namespace {

using Read = std::function<absl::Status(const TestFolder&)>;

struct Malformed {
  const char* name;
  Read read;
  const char* message;  // the test's folder taken away
};

Read Csv(const std::string& text, const CsvOptions& options = {}) {
  return [=](const TestFolder& folder) { return ReadCsv(folder.Write("t.csv", text), options).status(); };
}
Read NpyInputs(const std::string& bytes) {
  return [=](const TestFolder& folder) { return ReadNpy(folder.Write("x.npy", bytes), "").status(); };
}
Read NpyLabels(const std::string& bytes) {
  return [=](const TestFolder& folder) {
    const std::string inputs = folder.Write("x.npy", Npy("<f4", "(2, 1)", Raw<float>({1, 2})));
    return ReadNpy(inputs, folder.Write("y.npy", bytes)).status();
  };
}
Read Npz(const std::string& bytes) {
  return [=](const TestFolder& folder) { return ReadNpz(folder.Write("a.npz", bytes), {1 << 20}).status(); };
}
Read Idx(const std::string& images, const std::string& labels) {
  return [=](const TestFolder& folder) {
    return ReadIdx(folder.Write("images", images), folder.Write("labels", labels)).status();
  };
}
Read Cifar(const std::string& bytes) {
  return [=](const TestFolder& folder) { return ReadCifar10({folder.Write("c.bin", bytes)}).status(); };
}

const std::string kX = Npy("<f4", "(2, 1)", Raw<float>({1, 2}));

std::string Zip(const ZipEntries& entries) { return *FormatZip("", entries); }

// `bytes` with those from `at` (from the end where negative) replaced.
std::string Patched(std::string bytes, int64_t at, const std::string& patch) {
  return bytes.replace(static_cast<size_t>(at < 0 ? static_cast<int64_t>(bytes.size()) + at : at), patch.size(), patch);
}

// An archive of one entry 'x.npy' whose central header, at `at` of it, is patched.
std::string PatchedDirectory(int64_t at, const std::string& patch) {
  const std::string bytes = Zip({{"x.npy", kX}});
  return Patched(bytes, static_cast<int64_t>(bytes.find("PK\x01\x02")) + at, patch);
}

// An archive of one deflated entry that claims to have `size` bytes.
std::string DeflatedZip(const std::string& name, const std::string& contents, uint32_t size) {
  const std::string gzip = Gzip(contents);
  const std::string bytes = Zip({{name, gzip.substr(10, gzip.size() - 18)}});  // without the gzip header and trailer
  const int64_t central = static_cast<int64_t>(bytes.find("PK\x01\x02"));
  const uint32_t crc =
      static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(contents.data()), contents.size()));
  return Patched(Patched(Patched(bytes, central + 10, "\x08"), central + 16, Raw<uint32_t>({crc})), central + 24,
                 Raw<uint32_t>({size}));
}

const std::vector<Malformed>& Cases() {
  static const std::string two(2, '\1');
  static const std::vector<Malformed> cases = {
      // Files that are none.
      {"missing file", [](const TestFolder& f) { return ReadCsv(f.path("none.csv")).status(); },
       "none.csv: cannot be opened: No such file or directory"},
      {"folder", [](const TestFolder& f) { return ReadNpz(f.path("")).status(); },
       ": is a folder; give the path of a file"},
      {"CSV over the limit", Csv("1,2,3\n4,5,6\n", {.limits = {11}}), "t.csv: 12 bytes; the limit is 11 bytes"},
      {"gzip bomb", Csv(Gzip(std::string(5000000, '1')), {.limits = {1000000}}),
       "t.csv: more bytes unpacked; the limit is 1000000 bytes"},
      {"gzip truncated", Csv(Gzip("1,2,3\n4,5,6\n").substr(0, 20)),
       "t.csv: gzip data ends early, after 20 bytes; the file is truncated"},
      {"gzip header alone", Csv("\x1f\x8b"), "t.csv: gzip data ends early, after 2 bytes; the file is truncated"},
      {"gzip garbage", Csv(std::string("\x1f\x8b\x08\0\0\0\0\0\0\0garbage", 17)),
       "t.csv: byte 11: gzip data is damaged (invalid block type)"},
      {"gzip wrong check sum", Csv(Patched(Gzip("1,2,3\n"), -8, "abcd")),
       "t.csv: byte 22: gzip data is damaged (incorrect data check)"},
      {"gzip with a tail", Csv(Gzip("1,2,3\n") + "tail"), "t.csv: byte 26: garbage after the end of the gzip data"},
      // CSV.
      {"CSV empty", Csv(""), "t.csv: is empty; it needs rows of numbers"},
      {"CSV blank", Csv("\n \r\n\n"), "t.csv: holds blank lines only; it needs rows of numbers"},
      {"CSV header only", Csv("a,b,c\n"), "t.csv: has a header but no rows"},
      {"CSV UTF-16",
       Csv("\xff\xfe"
           "1"),
       "t.csv: is UTF-16 text; save it as UTF-8"},
      {"CSV binary", Csv(std::string("1,2\0,3", 6)), "t.csv: byte 3 is NUL; this is not a text file"},
      {"CSV one column", Csv("1\n2\n"),
       "t.csv: line 1: one column only; it needs features and a label, separated by ','"},
      {"CSV semicolons", Csv("1;2;3\n4;5;6\n"),
       "t.csv: line 1: one column only (is it separated by ';'?); it needs features and a label, separated by ','"},
      {"CSV short row", Csv("1,2,0\n3,4,1\n5,1\n"), "t.csv: line 3: 2 columns where the lines before have 3"},
      {"CSV long row", Csv("a,b,kind\n1,2,x\n\n1,2,3,x\n"), "t.csv: line 4: 4 columns where the lines before have 3"},
      {"CSV word", Csv("1,2,0\n3,four,1\n"), "t.csv: line 2, column 2: 'four' is not a number; write a number"},
      {"CSV word below a header", Csv("len,wid,kind\n1,2,0\n3,4x,1\n"),
       "t.csv: line 3, column 2 ('wid'): '4x' is not a number; write a number"},
      {"CSV empty field", Csv("1,2,0\n,4,1\n"), "t.csv: line 2, column 1: is empty; write a number"},
      {"CSV missing mark in the first row", Csv("1,NA,0\n3,4,1\n"),
       "t.csv: line 1, column 2: 'NA' is not a number; write a number"},
      {"CSV nan", Csv("1,2,0\nnan,4,1\n"), "t.csv: line 2, column 1: 'nan' is not a finite float32"},
      {"CSV infinity", Csv("1,2,0\n3,-inf,1\n"), "t.csv: line 2, column 2: '-inf' is not a finite float32"},
      {"CSV over float32", Csv("1,2,0\n3,1e39,1\n"), "t.csv: line 2, column 2: '1e39' is not a finite float32"},
      {"CSV over float64", Csv("1,2,0\n3,1e999,1\n"), "t.csv: line 2, column 2: '1e999' is not a finite float32"},
      {"CSV open quote", Csv("1,2,a\n3,4,\"b\n5,6,a\n"),
       "t.csv: line 2, column 3: the quoted field has no closing quote"},
      {"CSV text after quote", Csv("1,2,a\n3,\"4\"5,b\n"),
       "t.csv: line 2, column 2: text after the closing quote; write quotes inside a field twice"},
      {"CSV empty label", Csv("1,2,a\n3,4,\n"), "t.csv: line 2, column 3: the label is empty"},
      {"CSV label not given", Csv("1,2,a\n3,4,c\n", {.class_names = {"a", "b"}}),
       "t.csv: line 2, column 3: label 'c' is none of the classes 'a', 'b'"},
      {"CSV labels that are measurements", Csv("1,2,0.5\n3,4,1.5\n"),
       "t.csv: line 1, column 3: label '0.5' is not a whole number; for a regression set regression, else class_names"},
      {"CSV one label in two ways", Csv("1,2,1\n3,4,1.0\n"),
       "t.csv: line 2, column 3: labels '1' and '1.0' are one number; write it in one way"},
      {"CSV header of numbers", Csv("0,1,label\n1,2,7\n3,4,8\n"),
       "t.csv: line 1, column 3: label 'label' is a word, all others are numbers; if line 1 is a header, set "
       "label_column to it"},
      {"CSV no such column", Csv("a,b,c\n1,2,3\n", {.label_column = "d"}),
       "t.csv: line 1: no column is named 'd'; the header has 'a', 'b', 'c'"},
      {"CSV column index", Csv("1,2,3\n", {.label_column = "3"}),
       "t.csv: label_column 3 is not there; columns are 0..2"},
      {"CSV column twice", Csv("a,a,c\n1,2,3\n", {.label_column = "a"}),
       "t.csv: line 1: two columns are named 'a'; give the label column's index"},
      {"CSV shape", Csv("1,2,3,0\n", {.sample_shape = {2, 2}}),
       "t.csv: sample_shape [2, 2] has 4 values, a row has 3 features"},
      {"CSV shape overflow", Csv("1,2,0\n", {.sample_shape = {int64_t{1} << 62, 4}}),
       "t.csv: sample_shape [4611686018427387904, 4] is not right; sizes are 1 or more"},
      {"CSV scale", Csv("1,2,0\n", {.scale = 0.0}), "t.csv: scale 0 is not right; give a finite number other than 0"},
      {"CSV target", Csv("1,2,x\n3,4,5\n", {.regression = true}),
       "t.csv: line 1, column 3: 'x' is not a number; write a number"},
      {"CSV counted rows missing", Csv("3,2,one,two\n1,2,0\n3,4,1\n"),
       "t.csv: line 1 says 3 rows, the file has 2; it is truncated"},
      {"CSV counted label", Csv("2,2,one,two\n1,2,0\n3,4,2\n"),
       "t.csv: line 3, column 3: label '2' is not in 0..1, the classes of line 1"},
      // NPY.
      {"NPY empty", NpyInputs(""), "x.npy: is empty; an NPY file begins with '\\x93NUMPY'"},
      {"NPY pickle", NpyInputs("\x80\x04\x95"),
       "x.npy: is a Python pickle, which is never loaded; save the array with numpy.save"},
      {"NPY wrong magic", NpyInputs("NUMPY123"),
       "x.npy: is not an NPY file: it begins with 'NUMPY1', not '\\x93NUMPY'"},
      {"NPY magic alone", NpyInputs("\x93NUMPY\x01"), "x.npy: NPY header is truncated after 7 bytes"},
      {"NPY header truncated", NpyInputs(kX.substr(0, 30)), "x.npy: NPY header of 60 bytes is truncated after 20"},
      {"NPY version", NpyInputs(Patched(kX, 6, "\x09")), "x.npy: NPY version 9.0 is not known; 1.0, 2.0 and 3.0 are"},
      {"NPY header no dictionary", NpyInputs(NpyWithHeader("[1, 2]\n", "")),
       "x.npy: NPY header, character 0: '[1, 2]\\n' where a dictionary '{...}' should be"},
      {"NPY header key missing", NpyInputs(NpyWithHeader("{'descr': '<f4', 'shape': (1, 1)}", "abcd")),
       "x.npy: NPY header has no key 'fortran_order'"},
      {"NPY header key unknown", NpyInputs(NpyWithHeader("{'colour': 'red'}", "")),
       "x.npy: NPY header has a key 'colour'; each of descr, fortran_order, shape once is right"},
      {"NPY negative size", NpyInputs(Npy("<f4", "(-2, 1)", "")),
       "x.npy: NPY header, character 51: '-2, 1), }\\n' where a size, 0 or more should be"},
      {"NPY objects", NpyInputs(Npy("|O", "(2, 1)", "abc")),
       "x.npy: holds type '|O', pickled Python objects, which are never loaded; save a numeric array"},
      {"NPY records",
       NpyInputs(NpyWithHeader("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", "abcd")),
       "x.npy: holds records of several fields; save one plain array a file"},
      {"NPY big-endian", NpyInputs(Npy(">f4", "(2, 1)", "12345678")),
       "x.npy: holds type '>f4', big-endian; save it with .astype of a '<' type"},
      {"NPY uint64", NpyInputs(Npy("<u8", "(1, 1)", "12345678")),
       "x.npy: holds type '<u8', uint64, which has no tensor type; save it as int64"},
      {"NPY text", NpyInputs(Npy("<U2", "(1, 1)", "12345678")),
       "x.npy: holds type '<U2', which is not supported; save bool, int8..int64, uint8..uint32 or float16..float64"},
      {"NPY truncated", NpyInputs(Npy("<f4", "(2, 3)", "12345678")),
       "x.npy: shape [2, 3] of '<f4' needs 24 bytes of data, the file has 8; it is truncated"},
      {"NPY too long", NpyInputs(Npy("<f4", "(1, 1)", "12345678")),
       "x.npy: shape [1, 1] of '<f4' needs 4 bytes of data, the file has 8; it is too long"},
      {"NPY elements overflow", NpyInputs(Npy("<f4", "(4294967296, 4294967296)", "")),
       "x.npy: shape [4294967296, 4294967296] has more elements than 64 bits count"},
      {"NPY bytes overflow", NpyInputs(Npy("<f8", "(4611686018427387904, 1)", "")),
       "x.npy: shape [4611686018427387904, 1] has more bytes than 64 bits count"},
      {"NPY overflow behind a zero", NpyInputs(Npy("<f4", "(0, 4294967296, 4294967296)", "")),
       "x.npy: shape [0, 4294967296, 4294967296] has more elements than 64 bits count"},
      {"NPY one dimension", NpyInputs(Npy("<f4", "(2,)", "12345678")),
       "x.npy: inputs have shape [2]; they need [N, ...], such as [N, 1] for one value a sample"},
      {"NPY no samples", NpyInputs(Npy("<f4", "(0, 4)", "")), "x.npy: holds no samples"},
      {"NPY samples without values", NpyInputs(Npy("<f4", "(4, 0)", "")),
       "x.npy: inputs have shape [4, 0]; samples must hold values"},
      {"NPY nan", NpyInputs(Npy("<f4", "(2, 1)", Raw<float>({1, std::nanf("")}))),
       "x.npy: sample 1, value 0 of its inputs: nan is not a finite float32"},
      {"NPY over float32", NpyInputs(Npy("<f8", "(1, 1)", Raw<double>({1e300}))),
       "x.npy: sample 0, value 0 of its inputs: inf is not a finite float32"},
      {"NPY float labels", NpyLabels(Npy("<f4", "(2,)", "12345678")),
       "y.npy: labels are Float; they must be integers, 0..classes-1"},
      {"NPY label count", NpyLabels(Npy("|u1", "(3,)", "\1\1\1")),
       "y.npy: 3 labels for 2 samples; there must be one a sample"},
      {"NPY label shape", NpyLabels(Npy("|u1", "(2, 1)", two)),
       "y.npy: labels have shape [2, 1]; they need [N], one a sample"},
      {"NPY label negative", NpyLabels(Npy("|i1", "(2,)", "\1\xff")), "y.npy: sample 1: label -1 is not in 0..65535"},
      {"NPY label huge", NpyLabels(Npy("<i8", "(2,)", Raw<int64_t>({0, int64_t{1} << 40}))),
       "y.npy: sample 1: label 1099511627776 is not in 0..65535"},
      // NPZ.
      {"NPZ empty", Npz(""), "a.npz: is not a ZIP archive (.npz); it does not begin with 'PK'"},
      {"NPZ that is NPY", Npz(kX), "a.npz: is not a ZIP archive (.npz); it does not begin with 'PK'"},
      {"NPZ truncated", Npz(Zip({{"x.npy", kX}}).substr(0, 150)),
       "a.npz: ZIP archive has no end record; the file is truncated"},
      {"NPZ bytes lost", Npz(Patched(Zip({{"x.npy", kX}}), 50, "").erase(50, 3)),
       "a.npz: byte 161: ZIP directory of 51 bytes at byte 113 does not end here; the file is damaged"},
      {"NPZ damaged", Npz(Patched(Zip({{"x.npy", kX}}), 60, "!")),
       "a.npz: entry 'x.npy': CRC-32 is wrong; the file is damaged"},
      {"NPZ entry count", Npz(Patched(Zip({{"x.npy", kX}}), -14, std::string("\2\0\2\0", 4))),
       "a.npz: byte 164: entry 1 of 2 is missing in the ZIP directory; the file is damaged"},
      {"NPZ several disks", Npz(Patched(Zip({{"x.npy", kX}}), -18, "\1")),
       "a.npz: ZIP archive of several disks; it must be in one file"},
      {"NPZ ZIP64", Npz(Patched(Zip({{"x.npy", kX}}), -6, "\xff\xff\xff\xff")),
       "a.npz: ZIP64 archives are not supported; keep arrays and archive below 4 GiB"},
      {"NPZ encrypted", Npz(PatchedDirectory(8, "\1")),
       "a.npz: entry 'x.npy' is encrypted; store it without a password"},
      {"NPZ method", Npz(PatchedDirectory(10, "\x0c")),
       "a.npz: entry 'x.npy' is packed with method 12; store or deflate it"},
      {"NPZ impossible size", Npz(PatchedDirectory(24, "\xff\xff\xff\x7f")),
       "a.npz: entry 'x.npy' claims 2147483647 bytes from 78 packed ones; the file is damaged"},
      {"NPZ local header elsewhere", Npz(PatchedDirectory(42, "\7")),
       "a.npz: byte 7: entry 'x.npy' has no local header here; the file is damaged"},
      {"NPZ other name inside", Npz(Patched(Zip({{"x.npy", kX}}), 30, "q")),
       "a.npz: byte 0: entry 'x.npy' has another name in its local header; the file is damaged"},
      {"NPZ not deflated", Npz(PatchedDirectory(10, "\x08")),
       "a.npz: byte 35: entry 'x.npy': deflated data is damaged or not of 78 bytes"},
      {"NPZ bomb", Npz(DeflatedZip("x.npy", std::string(5000000, 'a'), 5000000)),
       "a.npz: entry 'x.npy': 5000000 bytes unpacked; the limit is 1048576 bytes"},
      {"NPZ more deflated than said", Npz(DeflatedZip("x.npy", kX, 77)),
       "a.npz: byte 35: entry 'x.npy': deflated data is damaged or not of 77 bytes"},
      {"NPZ less deflated than said", Npz(DeflatedZip("x.npy", kX, 79)),
       "a.npz: byte 35: entry 'x.npy': deflated data is damaged or not of 79 bytes"},
      {"NPZ many copies", Npz(Zip({{"x.npy", kX}, {"x.npy", kX}})), "a.npz: entry 'x.npy' is there twice"},
      {"NPZ no array", Npz(Zip({{"x.npy", kX}, {"notes.txt", "hello"}})),
       "a.npz: entry 'notes.txt' is not an array; names end in .npy"},
      {"NPZ pickled entry", Npz(Zip({{"x.npy", Npy("|O", "(1,)", "")}})),
       "a.npz: entry 'x.npy': holds type '|O', pickled Python objects, which are never loaded; save a numeric array"},
      {"NPZ misnamed", Npz(Zip({{"x.npy", kX}, {"lables.npy", Npy("|u1", "(2,)", two)}})),
       "a.npz: holds arrays 'lables', 'x'; 'x' or 'inputs', and 'y' or 'labels', are right"},
      {"NPZ without arrays", Npz(Zip({})), "a.npz: holds arrays ; 'x' or 'inputs', and 'y' or 'labels', are right"},
      {"NPZ two inputs", Npz(Zip({{"x.npy", kX}, {"inputs.npy", kX}})),
       "a.npz: has both 'x' and 'inputs'; one of them is right"},
      {"NPZ target count", Npz(Zip({{"x.npy", kX}, {"y.npy", Npy("<f4", "(1,)", "1234")}})),
       "a.npz: 1 targets for 2 samples; there must be one a sample"},
      // IDX.
      {"IDX empty", Idx("", ""), "images: 0 bytes; the header alone of IDX images has 16"},
      {"IDX wrong magic", Idx(Patched(IdxImages(1, 2, 2, "abcd"), 0, "\x89PNG"), ""),
       "images: IDX magic is 0x89504e47; images have 0x00000803"},
      {"IDX swapped", Idx(IdxLabels(20, std::string(20, '\1')), ""),
       "images: IDX magic is 0x00000801 (labels: are the two paths swapped?); images have 0x00000803"},
      {"IDX truncated", Idx(IdxImages(2, 2, 2, "abcdefg"), ""),
       "images: IDX header says [2, 2, 2], 8 bytes of images; the file has 7: it is truncated"},
      {"IDX too long", Idx(IdxImages(2, 2, 2, "abcdefghi"), ""),
       "images: IDX header says [2, 2, 2], 8 bytes of images; the file has 9: it is too long"},
      {"IDX overflow", Idx(IdxImages(0xffffffff, 0xffffffff, 0xffffffff, "a"), ""),
       "images: IDX sizes multiply to more than 64 bits count; the header is damaged"},
      {"IDX no rows", Idx(IdxImages(2, 0, 2, ""), ""), "images: byte 8: IDX size 1 is 0; it must be 1 or more"},
      {"IDX label count", Idx(IdxImages(2, 1, 1, "ab"), IdxLabels(3, "\1\2\3")),
       "labels: 3 labels for 2 samples; there must be one a sample"},
      {"IDX labels truncated", Idx(IdxImages(2, 1, 1, "ab"), IdxLabels(2, "\1")),
       "labels: IDX header says [2], 2 bytes of labels; the file has 1: it is truncated"},
      // CIFAR-10.
      {"CIFAR no files", [](const TestFolder&) { return ReadCifar10({}).status(); },
       "CIFAR-10: no files given; name one data_batch_N.bin or more"},
      {"CIFAR empty", Cifar(""), "c.bin: is empty; CIFAR-10 records have 3073 bytes"},
      {"CIFAR truncated", Cifar(std::string(3073 + 100, '\0')),
       "c.bin: 3173 bytes are 1 CIFAR-10 records of 3073 bytes and 100 bytes more; truncated, or not the binary "
       "version"},
      {"CIFAR-100", Cifar(std::string(3074, '\0')),
       "c.bin: 3074 bytes are 1 CIFAR-10 records of 3073 bytes and 1 bytes more (CIFAR-100 records have 3074: is it "
       "that?); truncated, or not the binary version"},
      {"CIFAR label", Cifar(std::string(3073, '\0') + std::string(3073, '\x0a')),
       "c.bin: record 1 (byte 3073): label 10 is not in 0..9"},
  };
  return cases;
}

TEST(MalformedTest, EachFileIsRefusedByItsOneLine) {
  EXPECT_GE(Cases().size(), 40u);
  for (const Malformed& malformed : Cases()) {
    TestFolder folder;
    std::string message(malformed.read(folder).message());
    const std::string prefix = folder.path("");
    if (const size_t at = message.find(prefix); at != std::string::npos) message.erase(at, prefix.size());
    EXPECT_EQ(message, malformed.message) << malformed.name;
  }
}

}  // namespace
}  // namespace mote
