// Convolutions, depthwise convolutions and dense layers for Helium.
//
// At `speed` and `size` a layer takes its whole image at once (KernelForm::kVector), so that two output rows can share
// what they read and odd widths leave no pixel without a partner; at `ram` it computes a row, where it can.
#include <algorithm>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "export/compiler/layouts_mve.h"
#include "export/compiler/pack_mve.h"
#include "export/compiler/requantization_mve.h"
#include "export/compiler/sizes.h"
#include "export/compiler/variant.h"

namespace mote::compiler {
namespace {

using compiled::RequantizationMve;

constexpr int64_t kScatterReach = 65535;  // offsets of scatter stores have 16 bits

// How far a row's windows reach, from the first one's beginning.
int Reach(const Axis& axis) { return (axis.output - 1) * axis.stride + axis.filter; }

bool LeavesInput(const Axis& axis) { return axis.padding != 0 || Reach(axis) > axis.input; }

bool IsDilated(const Axis& axis) { return axis.filter > 1 && axis.dilation != 1; }

bool IsPointwise(const Axis& axis) { return axis.filter == 1 && axis.stride == 1 && !LeavesInput(axis); }

const char* Text(bool value) { return value ? "true" : "false"; }

std::string Name(RequantizationMve form) {
  constexpr const char* kNames[] = {"kOneLine", "kClamped", "kFull"};
  return absl::StrCat("mote::compiled::RequantizationMve::", kNames[static_cast<int>(form)]);
}

// For eight codes.
int Instructions(const MveRequantization& requantization) {
  constexpr int kInstructions[] = {10, 14, 18};
  return kInstructions[static_cast<int>(requantization.form)] + (requantization.clamps ? 5 : 0);
}

// The three template arguments that shapes have in common.
std::string FormText(const MveRequantization& requantization) {
  return absl::StrCat(Name(requantization.form), ", ", requantization.shift, ", ", Text(requantization.clamps));
}

std::string Remark(const MveRequantization& requantization) {
  return requantization.form == RequantizationMve::kOneLine ? "" : "no short requantization is proved";
}

std::optional<MveRequantization> RequantizationOf(const Layer& layer) {
  const size_t taps = layer.weights.size() / layer.channels.size();
  const bool padded = LeavesInput(layer.vertical) || LeavesInput(layer.horizontal);
  std::vector<RequantizedChannel> channels;
  for (size_t c = 0; c < layer.channels.size(); ++c) {
    const absl::Span<const int8_t> weights(layer.weights.data() + c * taps, taps);
    const OutputChannel& channel = layer.channels[c];
    RequantizedChannel request;
    request.accumulators = ReachableAccumulators(channel.bias, weights, layer.input_zero_point, {-128, 127}, padded);
    request.multiplier = {channel.mantissa, channel.exponent};
    auto origin = static_cast<uint32_t>(channel.bias);
    for (const int8_t weight : weights) origin -= static_cast<uint32_t>(layer.input_zero_point * weight);
    request.origin = static_cast<int32_t>(origin);
    channels.push_back(request);
  }
  return FindMveRequantization(channels, {layer.output_zero_point, layer.output_min, layer.output_max});
}

bool IsInt8(const Network& network, const Layer& layer) {
  return network.tensors[layer.inputs[0]].type == "int8" && network.tensors[layer.outputs[0]].type == "int8";
}

Constant Weights(const std::vector<uint8_t>& bytes) {
  return {"weights", "uint8_t", 16, std::vector<int64_t>(bytes.begin(), bytes.end())};
}

std::string RangeText(const MveRequantization& requantization) {
  return absl::StrCat("/*scalar=*/", requantization.scalar, ", /*min=*/", requantization.min, ", /*max=*/",
                      requantization.max);
}

std::string InputText(int height, int64_t row_bytes, int top, int64_t left, int64_t seen_bytes, int zero_point) {
  return absl::StrCat("{/*height=*/", height, ", /*row_bytes=*/", row_bytes, ", /*top=*/", top, ", /*left=*/", left,
                      ", /*seen_bytes=*/", seen_bytes, ", /*zero_point=*/", zero_point, "}");
}

// A function for whole blocks and one for what is left over, or null pointers: the first two fields of parameters.
template <typename Kernel>
std::string KernelsOf(int outputs, int block, const Kernel& kernel) {
  return absl::StrCat("/*blocks=*/", outputs >= block ? kernel(block) : "nullptr", ", /*left=*/",
                      outputs % block != 0 ? kernel(outputs % block) : "nullptr");
}

// A layer as its kernel goes through it: with kColumns turned over.
struct Walk {
  Axis vertical, horizontal;
  OutputRows rows = OutputRows::kRows;
  Strides strides;  // of the output

  Walk(const Layer& layer, OutputRows how, const Strides& output)
      : vertical(layer.vertical), horizontal(layer.horizontal), rows(how), strides(Turned(output, how)) {
    if (how == OutputRows::kColumns) std::swap(vertical, horizontal);
  }
};

class ConvolutionMve : public Variant {
 public:
  std::string name() const override { return "conv_2d_mve"; }

  std::optional<KernelUse> Use(const Network& network, const Layer& layer, const Request& request) const override {
    if (!request.target.core.has_mve || layer.kind != LayerKind::kConvolution || !IsInt8(network, layer)) {
      return std::nullopt;
    }
    if (IsDilated(layer.vertical) || IsDilated(layer.horizontal)) return std::nullopt;
    const Tensor& output = network.tensors[layer.outputs[0]];
    const RowLayout writes = request.output.value_or(Nhwc8(output));
    const std::optional<Strides> strides = StridesOf(output, writes);
    if (!strides) return std::nullopt;
    const bool by_columns = writes.column_bytes != 0;
    if (request.target.is(Optimize::kRam) && by_columns) return std::nullopt;

    Work work = {layer, network.tensors[layer.inputs[0]], output, writes, Walk(layer, OutputRows::kRows, *strides)};
    work.pointwise = IsPointwise(layer.vertical) && IsPointwise(layer.horizontal);
    work.by_row = request.target.is(Optimize::kRam);
    if (work.by_row) work.walk.rows = OutputRows::kOneRow;
    if (work.pointwise && !work.in_runs() && writes == Nhwc8(output) && !work.by_row)
      work.walk = OneRow(layer, *strides);
    if (work.pointwise && by_columns) work.walk = Walk(layer, OutputRows::kColumns, *strides);
    if (!FitsKernel(work)) return std::nullopt;
    const std::optional<MveRequantization> requantization = RequantizationOf(layer);
    if (!requantization) return std::nullopt;
    return UseOf(work, *requantization);
  }

 private:
  struct Work {
    const Layer& layer;
    const Tensor& input;
    const Tensor& output;
    const RowLayout& writes;
    Walk walk;
    bool pointwise = false, by_row = false;

    // Two rows at once where the width is odd.
    int rows_at_once() const { return !by_row && walk.horizontal.output % 2 == 1 && walk.vertical.output > 1 ? 2 : 1; }
    int seen_rows() const { return walk.vertical.filter + (rows_at_once() - 1) * walk.vertical.stride; }
    bool copies() const { return LeavesInput(walk.vertical) || LeavesInput(walk.horizontal); }
    int segment_bytes() const { return walk.horizontal.filter * layer.input_channels; }
    int input_step() const { return walk.horizontal.stride * layer.input_channels; }
    int64_t row_bytes() const { return int64_t{walk.horizontal.input} * layer.input_channels; }
    int64_t seen_bytes() const {
      const int pixels = std::max(Reach(walk.horizontal), walk.horizontal.padding + walk.horizontal.input);
      return copies() ? AlignedUp(int64_t{pixels} * layer.input_channels, 4) : row_bytes();
    }
    int64_t patch_bytes() const { return AlignedUp(int64_t{walk.vertical.filter} * segment_bytes(), 4); }
    // Short segments are gathered.
    bool patches() const {
      return walk.vertical.filter > 1 && segment_bytes() <= 16 && patch_bytes() < 128 && input_step() < 128;
    }
    int segments() const { return patches() ? 1 : walk.vertical.filter; }
    int64_t patches_bytes() const { return patches() ? rows_at_once() * walk.horizontal.output * patch_bytes() : 0; }
    bool words() const {
      if (patches()) return true;
      return input_step() % 4 == 0 && (!input.is_state || input.is_window) &&
             (copies() || input.height == 1 || row_bytes() % 4 == 0);
    }
    // Rows of the output may lie where rows of the input were that are done with, so nothing that a run reads may be
    // of a row before the one that it writes: no pair across rows, and no second pass for the channels left over.
    bool in_runs() const {
      return pointwise && writes == Nhwc8(output) && layer.output_channels % 4 == 0 &&
             (output.height == 1 || output.width % 2 == 0);
    }
  };

  // A layer without windows on an image that is one long row.
  static Walk OneRow(const Layer& layer, const Strides& strides) {
    Walk walk(layer, OutputRows::kOneRow, strides);
    walk.horizontal.input = walk.horizontal.output = layer.horizontal.output * layer.vertical.output;
    walk.vertical = {};
    return walk;
  }

  static bool FitsKernel(const Work& work) {
    constexpr int kMostSegments = 64, kMostChunks = 160;  // of code that is unrolled
    const Walk& walk = work.walk;
    const int segments = work.segments();
    if (segments > kMostSegments || segments * std::min(work.segment_bytes() / 16, 16) > kMostChunks) return false;
    const int64_t beside = walk.strides.pixel;
    const int64_t below = std::abs(walk.strides.row - (walk.horizontal.output - 1) * walk.strides.pixel);
    const int64_t farthest = work.rows_at_once() == 2 ? std::max(beside, below) : beside;
    return farthest + 3 * walk.strides.channel <= kScatterReach;
  }

  // The functions of whole blocks, and of the channels left over.
  static std::string KernelsText(const Work& work, const MveRequantization& requantization) {
    const int bytes = work.patches() ? work.layer.taps() * work.layer.input_channels : work.segment_bytes();
    const auto kernel = [&](int channels) {
      return absl::StrCat("mote::compiled::GemmPairs<mote::compiled::GemmShapeMve<", work.segments(), ", ", bytes, ", ",
                          channels, ", ", FormText(requantization), ", ", Text(work.words()), ">>");
    };
    return KernelsOf(work.layer.output_channels, 4, kernel);
  }

  static std::string RowsText(const Work& work, const PackedBlocksMve& packed,
                              const MveRequantization& requantization) {
    const bool patches = work.patches();
    return absl::StrCat("{", KernelsText(work, requantization), ", /*constants=*/$weights, /*blocks_bytes=*/",
                        packed.blocks_bytes, ", /*block_channels=*/", work.layer.output_channels / 4 * 4, ", ",
                        RangeText(requantization), ", /*width=*/", work.walk.horizontal.output, ", /*row_stride=*/",
                        patches ? 1 : work.walk.vertical.stride, ", /*input_step=*/",
                        patches ? work.patch_bytes() : work.input_step(), ", /*pixel_step=*/", work.walk.strides.pixel,
                        ", /*channel_step=*/", work.walk.strides.channel, "}");
  }

  KernelUse UseOf(const Work& work, const MveRequantization& requantization) const {
    const Layer& layer = work.layer;
    const PackedBlocksMve packed =
        work.patches() ? PackGemmMve(layer.weights, 1, layer.taps() * layer.input_channels, requantization)
                       : PackGemmMve(layer.weights, layer.vertical.filter, work.segment_bytes(), requantization);
    KernelUse use;
    use.variant = name();
    use.header = "mcu_runtime/compiled/conv_2d_mve.h";
    use.constants = {Weights(packed.bytes)};
    use.reads = {work.walk.rows == OutputRows::kColumns ? Nhwc8t(work.input) : Nhwc8(work.input)};
    use.writes = work.writes;
    use.writes_padding = true;
    use.takes_null_rows = true;
    use.instructions = InstructionsOf(work, requantization);
    use.code_bytes = CodeBytes(work);
    use.remark = Remark(requantization);
    const std::string rows = RowsText(work, packed, requantization);
    if (work.in_runs()) {
      use.form = KernelForm::kPixels;
      use.function = absl::StrCat("mote::compiled::ConvPixelsMve<", work.segments(), ">");
      use.params_type = absl::StrCat("mote::compiled::ConvMveParams<", work.segments(), ">");
      use.params = rows;
      return use;
    }
    const Axis& v = work.walk.vertical;
    use.form = work.by_row ? KernelForm::kWindow : KernelForm::kVector;
    use.function =
        absl::StrCat("mote::compiled::Conv", work.by_row ? "Row" : "Image", "Mve<mote::compiled::ConvWindowMve<",
                     v.filter, ", ", v.stride, ", ", work.rows_at_once(), ", ", Text(work.copies()), ">, ",
                     PatchesText(work), ", ", work.segments(), ">");
    use.params_type = absl::StrCat("mote::compiled::ConvImageMveParams<", work.segments(), ">");
    use.params = absl::StrCat(
        "{/*rows=*/", rows, ", /*input=*/",
        InputText(v.input, work.row_bytes(), v.padding, int64_t{work.walk.horizontal.padding} * layer.input_channels,
                  work.seen_bytes(), layer.input_zero_point),
        ", /*output=*/", OutputText(work.output, work.writes, work.walk.rows), ", /*patches_bytes=*/",
        work.patches_bytes(), "}");
    use.scratch_bytes = work.patches_bytes() + (work.copies() ? work.seen_rows() * work.seen_bytes() : 0);
    return use;
  }

  static std::string PatchesText(const Work& work) {
    if (!work.patches()) return "mote::compiled::NoPatchesMve";
    return absl::StrCat("mote::compiled::PatchesMve<", work.walk.vertical.filter, ", ", work.segment_bytes(), ", ",
                        work.input_step(), ", ", work.patch_bytes(), ">");
  }

  static int64_t CodeBytes(const Work& work) {
    constexpr int kAround = 250, kChunk = 56;  // of a function of gemm_mve.h
    const int bytes = work.patches() ? work.layer.taps() * work.layer.input_channels : work.segment_bytes();
    return kAround + kChunk * work.segments() * std::min((bytes + 15) / 16, 16);
  }

  static int64_t InstructionsOf(const Work& work, const MveRequantization& requantization) {
    const int64_t width = work.walk.horizontal.output, height = work.walk.vertical.output;
    const int segments = work.segments();
    const int bytes = work.patches() ? work.layer.taps() * work.layer.input_channels : work.segment_bytes();
    const int64_t block = segments * (bytes / 16 * 14 + (bytes % 16 != 0 ? 15 : 0)) + 9 + Instructions(requantization);
    const int64_t pair = (work.layer.output_channels + 3) / 4 * block + 11 + 5 * segments;
    const int64_t patches = work.patches() ? 4 * work.walk.vertical.filter * width * height : 0;
    const int64_t runs = work.in_runs() ? 1 : height * (1 + width % 2);
    return (width * height + 1) / 2 * pair + patches + 100 * runs;
  }
};

class DepthwiseMve : public Variant {
 public:
  std::string name() const override { return "depthwise_conv_2d_mve"; }

  std::optional<KernelUse> Use(const Network& network, const Layer& layer, const Request& request) const override {
    if (!request.target.core.has_mve || layer.kind != LayerKind::kDepthwise || !IsInt8(network, layer)) {
      return std::nullopt;
    }
    if (layer.input_channels != layer.output_channels) return std::nullopt;
    const Tensor& output = network.tensors[layer.outputs[0]];
    const RowLayout writes = request.output.value_or(Nhwc8(output));
    const std::optional<Strides> strides = StridesOf(output, writes);
    if (!strides) return std::nullopt;
    std::vector<OutputRows> ways = {OutputRows::kRows, OutputRows::kColumns};
    if (request.target.is(Optimize::kRam) && writes.column_bytes == 0) {
      ways.insert(ways.begin(), OutputRows::kOneRow);
    }
    std::optional<Work> best;
    for (const OutputRows way : ways) {
      const Work work = {layer, network.tensors[layer.inputs[0]], output, writes, Walk(layer, way, *strides)};
      if (!FitsKernel(work)) continue;
      if (!best || InstructionsOf(work) < InstructionsOf(*best)) best.emplace(work);
      if (way == OutputRows::kOneRow) break;
    }
    if (!best) return std::nullopt;
    const std::optional<MveRequantization> requantization = RequantizationOf(layer);
    if (!requantization) return std::nullopt;
    return UseOf(*best, *requantization);
  }

 private:
  struct Work {
    const Layer& layer;
    const Tensor& input;
    const Tensor& output;
    const RowLayout& writes;
    Walk walk;

    bool by_row() const { return walk.rows == OutputRows::kOneRow; }
    bool quads() const { return walk.vertical.filter > 1; }
    // Output rows at once.
    int rows() const {
      const Axis& v = walk.vertical;
      return quads() && !by_row() && v.stride == 1 && v.filter <= 3 && v.output > 1 ? 2 : 1;
    }
    int between() const {
      const Axis& h = walk.horizontal;
      return std::max(h.padding, Reach(h) - h.input - h.padding);
    }
    int pitch() const { return walk.horizontal.input + between(); }
    RowLayout reads() const {
      const Axis& h = walk.horizontal;
      const int64_t last = int64_t{layer.input_channels - 1} * pitch();
      const int64_t readable = last + (quads() ? Reach(h) : (h.output - 1) * h.stride + 16);
      const LinesRow row = {h.padding, between(), readable, layer.input_zero_point};
      return walk.rows == OutputRows::kColumns ? Lines8t(input, row) : Lines8(input, row);
    }
    int64_t row_bytes() const {
      const RowLayout layout = reads();
      return layout.column_bytes != 0 ? layout.column_bytes : layout.row_bytes;
    }
  };

  static bool FitsKernel(const Work& work) {
    const Axis& v = work.walk.vertical;
    const Axis& h = work.walk.horizontal;
    constexpr int kMostStride = 4;
    if (IsDilated(v) || IsDilated(h) || h.stride > kMostStride || work.pitch() > 8191) return false;
    if (work.quads() ? v.filter > 4 || h.filter > 4 : h.filter > 16 || LeavesInput(v)) return false;
    const Strides& strides = work.walk.strides;
    const int64_t below = work.rows() == 2 ? std::abs(strides.row) : 0;
    return below + 7 * strides.pixel <= kScatterReach;
  }

  // The sums and what is around them; requantization costs each way the same.
  static int64_t InstructionsOf(const Work& work) {
    const Axis& v = work.walk.vertical;
    const int rows = work.rows();
    const int columns = 8 / rows;
    const int blocks = work.walk.horizontal.output / columns, rest = work.walk.horizontal.output % columns;
    const int block = rows == 2 ? 25 : 29;
    const int64_t channel = 12 + blocks * block + (rest == 0 ? 0 : rest <= columns / 2 ? block / 2 : block);
    const int64_t calls = (v.output + rows - 1) / rows;
    return calls * (channel * work.layer.output_channels + (work.quads() ? 9 * work.row_bytes() / 16 : 0) + 60);
  }

  KernelUse UseOf(const Work& work, const MveRequantization& requantization) const {
    const Layer& layer = work.layer;
    const Axis& v = work.walk.vertical;
    const Axis& h = work.walk.horizontal;
    const bool turned = work.walk.rows == OutputRows::kColumns;
    const bool quads = work.quads();
    const std::vector<uint8_t> packed =
        PackDepthwiseMve(turned ? TurnedWeights(layer) : layer.weights, v.filter, h.filter, quads, requantization);
    KernelUse use;
    use.variant = name();
    use.header = "mcu_runtime/compiled/depthwise_conv_2d_mve.h";
    use.form = work.by_row() ? KernelForm::kWindow : KernelForm::kVector;
    use.constants = {Weights(packed)};
    use.reads = {work.reads()};
    use.writes = work.writes;
    use.writes_padding = true;
    const int weight_bytes = quads ? 4 * h.filter : (h.filter + 3) / 4 * 4;
    const std::string shape =
        absl::StrCat("mote::compiled::DepthwiseShapeMve<", work.rows(), ", ", h.output, ", ",
                     quads ? 4 * h.stride : h.stride, ", ", Text(quads), ", ", weight_bytes, ", ",
                     quads ? 4 * work.pitch() : work.pitch(), ", ", FormText(requantization), ">");
    const int columns = 8 / work.rows();
    const std::string kind = absl::StrCat("mote::compiled::Depthwise", work.by_row() ? (quads ? "Row" : "Line")
                                                                       : quads       ? "Image"
                                                                                     : "Lines");
    const std::string filter = absl::StrCat(v.filter), stride = absl::StrCat(v.stride);
    const std::string arguments = work.by_row() ? (quads ? absl::StrCat("<", filter, ">") : "")
                                  : quads       ? absl::StrCat("<", work.rows(), ", ", filter, ", ", stride, ">")
                                                : absl::StrCat("<", stride, ">");
    use.function = absl::StrCat(kind, "Mve", arguments);
    use.params_type = "mote::compiled::DepthwiseImageMveParams";
    use.params = absl::StrCat(
        "{/*rows=*/{/*channels=*/mote::compiled::DepthwiseChannels<", shape, ">, /*blocks=*/", h.output / columns,
        ", /*rest=*/", h.output % columns, ", /*constants=*/$weights, /*end=*/$weights + ", packed.size(), ", ",
        RangeText(requantization), ", /*pixel_step=*/", work.walk.strides.pixel, ", /*channel_step=*/",
        work.walk.strides.channel, "}, /*input=*/",
        InputText(v.input, work.row_bytes(), v.padding, 0, work.row_bytes(), layer.input_zero_point), ", /*output=*/",
        OutputText(work.output, work.writes, work.walk.rows), "}");
    if (quads) use.scratch_bytes = 4 * work.row_bytes() + 16 + (work.by_row() ? 0 : work.row_bytes());
    use.instructions = InstructionsOf(work) + work.output.bytes / 8 * (Instructions(requantization) - 10);
    use.code_bytes = 300;
    use.remark = Remark(requantization);
    return use;
  }

  // Of the image turned over.
  static std::vector<int8_t> TurnedWeights(const Layer& layer) {
    const int height = layer.vertical.filter, width = layer.horizontal.filter;
    std::vector<int8_t> turned(layer.weights.size());
    for (int c = 0; c < layer.output_channels; ++c) {
      for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
          turned[(c * width + x) * height + y] = layer.weights[(c * height + y) * width + x];
        }
      }
    }
    return turned;
  }
};

class DenseMve : public Variant {
 public:
  std::string name() const override { return "fully_connected_mve"; }

  std::optional<KernelUse> Use(const Network& network, const Layer& layer, const Request& request) const override {
    if (!request.target.core.has_mve || layer.kind != LayerKind::kDense || !IsInt8(network, layer)) {
      return std::nullopt;
    }
    const Tensor& output = network.tensors[layer.outputs[0]];
    if (request.output && *request.output != Nhwc8(output)) return std::nullopt;
    const std::optional<MveRequantization> requantization = RequantizationOf(layer);
    if (!requantization) return std::nullopt;
    const int outputs = layer.output_channels;
    const int inputs = static_cast<int>(layer.weights.size()) / outputs;
    const PackedBlocksMve packed = PackFullyConnectedMve(layer.weights, inputs, *requantization);
    KernelUse use;
    use.variant = name();
    use.form = KernelForm::kVector;
    use.function = "mote::compiled::DenseMve";
    use.header = "mcu_runtime/compiled/fully_connected_mve.h";
    use.params_type = "mote::compiled::FullyConnectedMveParams";
    const auto kernel = [&](int count) {
      return absl::StrCat("mote::compiled::FullyConnectedBlocks<mote::compiled::FullyConnectedShapeMve<", inputs, ", ",
                          count, ", ", FormText(*requantization), ">>");
    };
    use.params =
        absl::StrCat("{", KernelsOf(outputs, 8, kernel), ", /*constants=*/$weights, /*end=*/$weights + ",
                     packed.blocks_bytes, ", ", RangeText(*requantization), ", /*outputs=*/", outputs / 8 * 8, "}");
    use.constants = {Weights(packed.bytes)};
    use.reads = {Nhwc8(network.tensors[layer.inputs[0]])};
    use.writes = Nhwc8(output);
    use.writes_padding = true;
    const int64_t block = inputs / 16 * 17 + inputs / 64 + 30 + Instructions(*requantization);
    use.instructions = (outputs + 7) / 8 * block + 20;
    use.code_bytes = 700;
    use.remark = Remark(*requantization);
    return use;
  }
};

}  // namespace

void AddMveVariants(VariantList* variants) {
  variants->push_back(std::make_unique<ConvolutionMve>());
  variants->push_back(std::make_unique<DepthwiseMve>());
  variants->push_back(std::make_unique<DenseMve>());
}

}  // namespace mote::compiler
