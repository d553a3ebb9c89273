// One function for layers that differ in numbers and constants.
#include "export/compiler/layer_text.h"

#include <gtest/gtest.h>

#include <string>

namespace mote::compiler {
namespace {

LayerText Layer(const std::string& constant, const std::string& parameters, int64_t rows, int64_t filter) {
  LayerText text;
  text.Add("P params = ");
  text.AddInitializer(parameters, {{"weights", constant, "uint8_t"}});
  text.Add(";\nF(params, ");
  text.AddNumber("rows", rows);
  text.Add(", ");
  text.AddLength(filter);
  text.Add(");\n");
  return text;
}

SharedLayerText ShareTwo(const LayerText& a, const LayerText& b) {
  EXPECT_TRUE(a.IsLike(b));
  return Share({&a, &b});
}

TEST(LayerText, ALayerAloneIsWrittenAsItIs) {
  const LayerText layer = Layer("kA", "{/*channels=*/64, /*mask=*/255u, {$, -3}, f<1, 2>, /*weights=*/kA}", 5, 3);
  const SharedLayerText shared = Share({&layer});
  EXPECT_EQ(shared.fields, "");
  EXPECT_EQ(shared.body,
            "P params = {/*channels=*/64, /*mask=*/255u, {$, -3}, f<1, 2>, /*weights=*/kA};\nF(params, 5, 3);\n");
}

TEST(LayerText, WhatDiffersBecomesAFieldInTheLeastType) {
  const SharedLayerText shared = ShareTwo(Layer("kA", "{/*channels=*/64, /*min=*/-128, /*offset=*/-70000, kA}", 5, 3),
                                          Layer("kB", "{/*channels=*/300, /*min=*/-1, /*offset=*/0, kB}", 5, 3));
  EXPECT_EQ(shared.fields, "  int32_t offset;\n  const uint8_t* weights;\n  uint16_t channels;\n  int8_t min;\n");
  EXPECT_EQ(shared.initializers, (std::vector<std::string>{"{-70000, kA, 64, -128}", "{0, kB, 300, -1}"}));
  EXPECT_EQ(shared.body,
            "P params = {/*channels=*/Number(layer.channels), /*min=*/Number(layer.min), "
            "/*offset=*/Number(layer.offset), layer.weights};\nF(params, 5, 3);\n");
}

TEST(LayerText, FieldsThatAreTheSameInEachLayerAreOne) {
  const SharedLayerText shared = ShareTwo(Layer("kA", "{/*width=*/7, /*height=*/7, kA + 4}", 7, 3),
                                          Layer("kB", "{/*width=*/9, /*height=*/9, kB + 8}", 9, 3));
  EXPECT_EQ(shared.initializers, (std::vector<std::string>{"{kA + 4, 7}", "{kB + 8, 9}"}));
  EXPECT_EQ(shared.body,
            "P params = {/*width=*/Number(layer.width), /*height=*/Number(layer.width), layer.weights};\n"
            "F(params, layer.width, 3);\n");
}

TEST(LayerText, FieldsOfOneNameAreToldApart) {
  const SharedLayerText shared = ShareTwo(Layer("kA", "{/*step=*/1, {/*step=*/2}, kA}", 5, 3),
                                          Layer("kA", "{/*step=*/3, {/*step=*/5}, kA}", 5, 3));
  EXPECT_EQ(shared.fields, "  uint8_t step;\n  uint8_t step_2;\n");
}

TEST(LayerText, ALengthIsTheLongest) {
  const SharedLayerText shared = ShareTwo(Layer("kA", "{1, kA}", 5, 3), Layer("kA", "{1, kA}", 5, 10));
  EXPECT_EQ(shared.fields, "");
  EXPECT_EQ(shared.body, "P params = {1, kA};\nF(params, 5, 10);\n");
}

TEST(LayerText, OtherTextIsAnotherFunction) {
  const LayerText layer = Layer("kA", "{/*terms=*/nullptr, kA}", 5, 3);
  EXPECT_FALSE(layer.IsLike(Layer("kA", "{/*terms=*/kTerms, kA}", 5, 3)));
  EXPECT_FALSE(layer.IsLike(Layer("kA", "{/*terms=*/1, kA}", 5, 3)));
  EXPECT_FALSE(layer.IsLike(Layer("kA", "{/*terms=*/nullptr}", 5, 3)));
}

}  // namespace
}  // namespace mote::compiler
