#include "datasets/readers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "datasets/file.h"
#include "datasets/numpy_file.h"
#include "tests/datasets/test_files.h"

namespace mote {
namespace {

const std::string kData = std::string(MOTE_SOURCE_DIR) + "/tests/datasets/data/";
using Names = std::vector<std::string>;
using Shape = std::vector<int64_t>;

template <typename T>
std::vector<T> Values(const torch::Tensor& tensor) {
  const auto flat = tensor.contiguous().reshape({-1});
  return {flat.data_ptr<T>(), flat.data_ptr<T>() + flat.numel()};
}
std::vector<float> Floats(const torch::Tensor& tensor) { return Values<float>(tensor); }

class ReadersTest : public testing::Test {
 protected:
  Dataset Csv(const std::string& text, const CsvOptions& options = {}) {
    auto dataset = ReadCsv(folder_.Write("table.csv", text), options);
    EXPECT_TRUE(dataset.ok()) << dataset.status();
    return dataset.ok() ? *std::move(dataset) : Dataset{};
  }
  TestFolder folder_;
};

TEST_F(ReadersTest, CsvTakesTheLastColumnForLabelsAndSortsNumericClassesByValue) {
  const Dataset d = Csv("1,2,10\n3,4,9\n5,6,10\n");
  EXPECT_EQ(d.name, "table");
  EXPECT_EQ(d.inputs.sizes(), (Shape{3, 2}));
  EXPECT_EQ(Floats(d.inputs), (std::vector<float>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(Values<int64_t>(d.labels), (std::vector<int64_t>{1, 0, 1}));
  EXPECT_EQ(d.class_names, (Names{"9", "10"}));
  EXPECT_TRUE(d.feature_names.empty());
}

TEST_F(ReadersTest, CsvHeaderNamesFeaturesAndTheLabelColumnByNameOrIndex) {
  const std::string text = "kind,length,width\nb,1,2\na,3,4\n";
  for (const char* column : {"kind", "0"}) {
    const Dataset d = Csv(text, {.label_column = column});
    EXPECT_EQ(d.feature_names, (Names{"length", "width"}));
    EXPECT_EQ(d.class_names, (Names{"a", "b"}));
    EXPECT_EQ(Floats(d.inputs), (std::vector<float>{1, 2, 3, 4}));
    EXPECT_EQ(Values<int64_t>(d.labels), (std::vector<int64_t>{1, 0}));
  }
}

TEST_F(ReadersTest, CsvReadsByteOrderMarksAnyLineEndQuotesSpacesAndBlankLines) {
  const std::vector<float> expected = {1, -2.5f, 3e2f, 4};
  for (const char* text : {"\xef\xbb\xbf\"a, b\",c,\"the \"\"kind\"\"\"\r\n1,-2.5,x\r\n\r\n+3e2,4,y\r\n",
                           "\"a, b\",c,\"the \"\"kind\"\"\"\r1,-2.5,x\r3e2,4,y",
                           " \"a, b\" ,c,\"the \"\"kind\"\"\"\n\n 1 ,\t\"-2.5\", x\n300,4.,\"y\"\n\n  \n"}) {
    const Dataset d = Csv(text);
    EXPECT_EQ(Floats(d.inputs), expected) << text;
    EXPECT_EQ(d.feature_names, (Names{"a, b", "c"}));
    EXPECT_EQ(d.class_names, (Names{"x", "y"}));
  }
  EXPECT_EQ(Csv("1,\"two\nlines\"\n2,b\n").class_names, (Names{"b", "two\nlines"}));
}

TEST_F(ReadersTest, CsvKeepsTheOrderOfGivenClassesScalesAndShapes) {
  const Dataset d = Csv("0,4,8,12,hot\n16,4,8,12,cold\n",
                        {.sample_shape = {2, 2, 1}, .scale = 0.25, .class_names = {"hot", "warm", "cold"}});
  EXPECT_EQ(d.inputs.sizes(), (Shape{2, 2, 2, 1}));
  EXPECT_EQ(Floats(d.inputs), (std::vector<float>{0, 1, 2, 3, 4, 1, 2, 3}));
  EXPECT_EQ(Values<int64_t>(d.labels), (std::vector<int64_t>{0, 2}));
  EXPECT_EQ(d.class_names, (Names{"hot", "warm", "cold"}));
}

TEST_F(ReadersTest, CsvRegressionHasTargetsOneARowThatAreNotScaled) {
  const Dataset d = Csv("x,y\n1,0.5\n2,-3\n", {.regression = true, .scale = 10});
  EXPECT_EQ(d.targets.sizes(), (Shape{2, 1}));
  EXPECT_EQ(Floats(d.targets), (std::vector<float>{0.5f, -3}));
  EXPECT_EQ(Floats(d.inputs), (std::vector<float>{10, 20}));
  EXPECT_FALSE(d.labels.defined());
  EXPECT_TRUE(d.class_names.empty());
}

TEST_F(ReadersTest, CsvMayBeGzip) {
  auto d = ReadCsv(folder_.Write("t.csv.gz", Gzip("1,2,a\n3,4,b\n")));
  ASSERT_TRUE(d.ok()) << d.status();
  EXPECT_EQ(d->name, "t");
  EXPECT_EQ(d->size(), 2);
}

// The UCI Wine data and Iris come in this layout: "rows,features,names of the classes".
TEST_F(ReadersTest, CsvFirstLineOfCountsAndClassNamesIsUnderstood) {
  const Dataset d = Csv("3,2,setosa,virginica\n1,2,1\n3,4,0\n5,6,1\n");
  EXPECT_EQ(d.class_names, (Names{"setosa", "virginica"}));
  EXPECT_EQ(Values<int64_t>(d.labels), (std::vector<int64_t>{1, 0, 1}));
  EXPECT_EQ(d.inputs.sizes(), (Shape{3, 2}));
  const Dataset same_width = Csv("2,3,one,two\n1,2,3,1\n3,4,5,0\n");
  EXPECT_EQ(same_width.class_names, (Names{"one", "two"}));
  EXPECT_EQ(same_width.size(), 2);
}

TEST_F(ReadersTest, TensorsOfEveryTypeComeBackFromNpyAndNpz) {
  std::map<std::string, torch::Tensor> tensors;
  for (auto type : {torch::kBool, torch::kInt8, torch::kUInt8, torch::kInt16, torch::kInt32, torch::kInt64,
                    torch::kFloat16, torch::kFloat32, torch::kFloat64}) {
    tensors[torch::toString(type)] = torch::arange(24).reshape({2, 3, 4}).remainder(5).to(type);
  }
  tensors["scalar"] = torch::tensor(3.5);
  tensors["vector"] = torch::tensor({1, 2, 3});
  tensors["none"] = torch::zeros({0, 3});
  tensors["turned"] = torch::arange(6).reshape({2, 3}).t();
  for (const auto& [name, tensor] : tensors) {
    const std::string path = folder_.path(name + ".npy");
    ASSERT_TRUE(WriteNpyTensor(path, tensor).ok()) << name;
    auto back = ReadNpyTensor(path);
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(back->scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(torch::equal(*back, tensor)) << name;
    EXPECT_EQ((Contents(path).size() - tensor.nbytes()) % 64, 0u) << "data begins at a multiple of 64 bytes";
  }
  const std::string path = folder_.path("all.npz");
  ASSERT_TRUE(WriteNpzTensors(path, tensors).ok());
  auto back = ReadNpzTensors(path);
  ASSERT_TRUE(back.ok()) << back.status();
  ASSERT_EQ(back->size(), tensors.size());
  for (const auto& [name, tensor] : tensors) EXPECT_TRUE(torch::equal(back->at(name), tensor)) << name;
  const std::string bytes = Contents(path);
  ASSERT_TRUE(WriteNpzTensors(path, tensors).ok());
  EXPECT_EQ(Contents(path), bytes) << "the same tensors give the same bytes";
}

TEST_F(ReadersTest, FilesOfNumPyItselfAreRead) {
  const std::vector<float> expected = {0, 1, 2, 3, 4, 5};
  for (const char* name : {"savez.npz", "savez_compressed.npz"}) {
    auto d = ReadNpz(kData + name);
    ASSERT_TRUE(d.ok()) << d.status();
    EXPECT_EQ(d->inputs.sizes(), (Shape{2, 3}));
    EXPECT_EQ(Floats(d->inputs), expected);
    EXPECT_EQ(Values<int64_t>(d->labels), (std::vector<int64_t>{0, 1}));
    EXPECT_EQ(d->class_names, (Names{"0", "1"}));
  }
  for (const char* name : {"fortran.npy", "half.npy"}) {
    auto d = ReadNpy(kData + name, "");
    ASSERT_TRUE(d.ok()) << d.status();
    EXPECT_EQ(Floats(d->inputs), expected) << name;
    EXPECT_FALSE(d->labels.defined());
  }
}

TEST_F(ReadersTest, NpyUnsignedTypesAreWidenedAndAllVersionsRead) {
  auto u2 = ReadNpyTensor(folder_.Write("u2", Npy("<u2", "(2,)", Raw<uint16_t>({1, 65535}))));
  ASSERT_TRUE(u2.ok()) << u2.status();
  EXPECT_EQ(Values<int32_t>(*u2), (std::vector<int32_t>{1, 65535}));
  auto u4 = ReadNpyTensor(folder_.Write("u4", Npy("<u4", "(2,)", Raw<uint32_t>({1, 4294967295u}))));
  ASSERT_TRUE(u4.ok()) << u4.status();
  EXPECT_EQ(Values<int64_t>(*u4), (std::vector<int64_t>{1, 4294967295}));
  const std::string header = "{\"shape\":(2,1),'fortran_order':False,'descr':'|i1'}";
  for (char version : {2, 3}) {
    std::string bytes =
        std::string("\x93NUMPY", 6) + version + '\0' + static_cast<char>(header.size()) + std::string(3, '\0');
    auto tensor = ReadNpyTensor(folder_.Write("v", bytes + header + "\x01\xff"));
    ASSERT_TRUE(tensor.ok()) << tensor.status();
    EXPECT_EQ(Values<int8_t>(*tensor), (std::vector<int8_t>{1, -1}));
  }
}

TEST_F(ReadersTest, NpyInputsAndLabelsMakeADataset) {
  auto d = ReadNpy(folder_.Write("x.npy", Npy("|u1", "(3, 2)", "\x01\x02\x03\x04\x05\x06")),
                   folder_.Write("y.npy", Npy("<i2", "(3,)", Raw<int16_t>({2, 0, 2}))));
  ASSERT_TRUE(d.ok()) << d.status();
  EXPECT_EQ(Floats(d->inputs), (std::vector<float>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(Values<int64_t>(d->labels), (std::vector<int64_t>{2, 0, 2}));
  EXPECT_EQ(d->class_names, (Names{"0", "1", "2"}));
}

TEST_F(ReadersTest, NpzFloatsInYAreRegressionTargets) {
  const std::string path = folder_.path("r.npz");
  ASSERT_TRUE(WriteNpzTensors(path, {{"inputs", torch::ones({2, 3})}, {"y", torch::tensor({0.5, 1.5})}}).ok());
  auto d = ReadNpz(path);
  ASSERT_TRUE(d.ok()) << d.status();
  EXPECT_EQ(d->targets.sizes(), (Shape{2, 1}));
  EXPECT_EQ(Floats(d->targets), (std::vector<float>{0.5f, 1.5f}));
  EXPECT_FALSE(d->labels.defined());
}

TEST_F(ReadersTest, IdxImagesBecomeOneChannelInZeroToOnePlainOrGzip) {
  const std::string images = IdxImages(2, 1, 3, std::string("\x00\x33\xff\x66\x99\xcc", 6)),
                    labels = IdxLabels(2, "\x03\x01");
  for (bool packed : {false, true}) {
    auto d =
        ReadIdx(folder_.Write("i", packed ? Gzip(images) : images), folder_.Write("l", packed ? Gzip(labels) : labels));
    ASSERT_TRUE(d.ok()) << d.status();
    EXPECT_EQ(d->inputs.sizes(), (Shape{2, 1, 3, 1}));
    EXPECT_EQ(Floats(d->inputs), (std::vector<float>{0, 51 / 255.f, 1, 102 / 255.f, 153 / 255.f, 204 / 255.f}));
    EXPECT_EQ(Values<int64_t>(d->labels), (std::vector<int64_t>{3, 1}));
    EXPECT_EQ(d->class_names, (Names{"0", "1", "2", "3"}));
  }
}

TEST_F(ReadersTest, CifarPlanesBecomeChannelsAndFilesAreJoined) {
  const std::string record =
      std::string("\x09") + std::string(1024, '\xff') + std::string(1024, '\x33') + std::string(1024, '\0');
  auto d = ReadCifar10(
      {folder_.Write("a.bin", record + '\x02' + std::string(3072, '\x01')), folder_.Write("b.bin", record)});
  ASSERT_TRUE(d.ok()) << d.status();
  EXPECT_EQ(d->inputs.sizes(), (Shape{3, 32, 32, 3}));
  EXPECT_EQ(Values<int64_t>(d->labels), (std::vector<int64_t>{9, 2, 9}));
  EXPECT_EQ(Floats(d->inputs[0][31][31]), (std::vector<float>{1, 51 / 255.f, 0}));
  EXPECT_EQ(d->class_names.size(), 10u);
  EXPECT_EQ(d->class_names[9], "truck");
}

}  // namespace
}  // namespace mote
