// Variants of convolutions, dense layers and depthwise convolutions for cores with the DSP extension, and conversions
// into the rows that the depthwise ones read.
#include <algorithm>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "export/compiler/dsp_use.h"
#include "export/compiler/pack_depthwise_general_dsp.h"
#include "export/compiler/planar.h"
#include "export/compiler/sizes.h"
#include "export/compiler/variant.h"

namespace mote::compiler {
namespace {

// A dense layer as a convolution on one pixel that has all inputs for channels.
Layer OnePixel(Layer layer) {
  layer.input_channels = static_cast<int>(layer.weights.size() / layer.channels.size());
  layer.vertical = layer.horizontal = Axis();
  return layer;
}

// Blocks of pixels that runs of the given length end with; all others are of three.
struct BlockSizes {
  bool two = false, one = false;

  void Add(int64_t run) {
    two = two || (run % 3 != 0 && run > 1);
    one = one || run == 1;
  }
};

class ConvDsp : public Variant {
 public:
  std::string name() const override { return "conv_2d_dsp"; }

  std::optional<KernelUse> Use(const Network& network, const Layer& layer, const Request& request) const override {
    const bool dense = layer.kind == LayerKind::kDense;
    // Every output channel sees the one input channel that there is.
    const bool depthwise_of_one = layer.kind == LayerKind::kDepthwise && layer.input_channels == 1;
    if (!request.target.core.has_dsp) return std::nullopt;
    if (!dense && !depthwise_of_one && layer.kind != LayerKind::kConvolution) return std::nullopt;
    const Tensor& input = network.tensors[layer.inputs[0]];
    const Tensor& output = network.tensors[layer.outputs[0]];
    const RowLayout wanted = request.output.value_or(Nhwc8(output));
    const std::optional<OutputPlaces> places = PlacesOf(output, wanted);
    if (!places || (dense && places->planar)) return std::nullopt;
    // Dense layers that take whole words have a kernel of their own, which streaming does without for its scratch.
    if (dense && !request.target.is(Optimize::kRam) && OnePixel(layer).input_channels % 4 == 0) return std::nullopt;
    if (dense) return Describe(network, OnePixel(layer), Way::kOnePixel, input, wanted, *places, request.target);
    const bool speed = request.target.is(Optimize::kSpeed);
    Way way = Way::kRow;
    if (IsPointwise(layer)) {
      if (!places->planar) way = Way::kPixels;
      if (places->planar && speed && layer.output_channels % 2 == 0) way = Way::kImage;
    } else if (speed && layer.input_channels <= 4 && layer.horizontal.dilation == 1) {
      way = Way::kColumns;
    }
    KernelUse use = Describe(network, layer, way, input, wanted, *places, request.target);
    // Images are for the short requantizations alone.
    if (way == Way::kImage && use.constants.size() > 1) {
      use = Describe(network, layer, Way::kRow, input, wanted, *places, request.target);
    }
    return use;
  }

 private:
  // The kernel's functions.
  enum class Way { kRow, kColumns, kPixels, kImage, kOnePixel };

  static KernelForm FormOf(Way way) {
    return way == Way::kPixels                           ? KernelForm::kPixels
           : way == Way::kImage || way == Way::kOnePixel ? KernelForm::kVector
                                                         : KernelForm::kWindow;
  }

  static std::string FunctionText(Way way, const std::string& kernel, const Layer& layer) {
    switch (way) {
      case Way::kRow:
        return kernel + "::Row";
      case Way::kColumns:
        return absl::StrCat(kernel, "::Columns<", layer.vertical.filter, ", ", layer.input_channels, ">");
      case Way::kPixels:
        return kernel + "::Pixels";
      case Way::kImage:
        return kernel + "::Image";
      case Way::kOnePixel:
        break;
    }
    return absl::StrCat("mote::compiled::OnePixelDsp<", kernel, ">");
  }

  KernelUse Describe(const Network& network, const Layer& layer, Way way, const Tensor& input, const RowLayout& wanted,
                     const OutputPlaces& places, const Target& target) const {
    const KernelForm form = FormOf(way);
    const PackedConvDsp packed =
        PackConvDsp(layer, way == Way::kColumns ? ConvOrder::kColumns : ConvOrder::kRows, DspClamp::kAfterwards);
    const DspRequantization& requantization = packed.requantization;
    const Axis& h = layer.horizontal;
    const int segment_pixels = h.dilation == 1 ? h.filter : 1;
    KernelUse use;
    use.variant = way == Way::kOnePixel ? "one_pixel_dsp" : name();
    use.form = form;
    use.header = way == Way::kOnePixel ? "mcu_runtime/compiled/one_pixel_dsp.h" : "mcu_runtime/compiled/conv_2d_dsp.h";
    BlockSizes sizes;
    sizes.Add(h.output);
    if (way == Way::kPixels || way == Way::kImage) sizes.Add(int64_t{h.output} * layer.vertical.output);
    // Less code, and a pixel or two computed twice.
    const bool overlaps =
        target.is(Optimize::kSize) && (way == Way::kRow || way == Way::kPixels) && h.output >= 3 && sizes.two;
    if (overlaps) sizes = BlockSizes();
    const int unroll = target.is(Optimize::kSize) ? kUnrollForSize : UnrollForSpeed(network);
    std::string kernel = absl::StrCat(
        "mote::compiled::ConvDsp<", unroll, ", mote::compiled::DspWeights::", packed.bytes ? "kBytes" : "kPaired", ", ",
        RequantizeName(requantization),
        ", mote::compiled::DspLayout::", way == Way::kImage ? places.image_name : places.name, ", ",
        ShiftArgument(requantization), ", ", Bool(sizes.two), ", ", Bool(sizes.one), ">");
    if (overlaps) {
      kernel = absl::StrCat("mote::compiled::OverlappedDsp<", kernel, ">");
      use.header = "mcu_runtime/compiled/conv_2d_overlapped_dsp.h";
    }
    use.function = FunctionText(way, kernel, layer);
    use.params_type = "mote::compiled::ConvDspParams";
    use.params =
        absl::StrCat("{/*window=*/", PatchWindowText(layer), ", /*output_width=*/", h.output, ", /*output_channels=*/",
                     layer.output_channels, ", /*output_step=*/", places.planar ? places.channel : places.pixel,
                     ", /*output_left=*/", places.left, ", /*chunks=*/", packed.chunks, ", ",
                     ShiftsText(requantization), ", ", ConstantsText(layer, requantization, "/*weights=*/"));
    AddConstants(packed.stream, requantization, &use);
    if (packed.bytes) use.remark = absl::StrCat(kExtremeWeight, use.remark.empty() ? "" : "; ", use.remark);
    use.reads = {Nhwc8(input)};
    use.outside_value = layer.input_zero_point;
    use.writes = wanted;
    if (way == Way::kImage) DescribeImage(layer, &use);
    use.in_place = way == Way::kPixels && !overlaps && layer.output_channels <= layer.input_channels;
    use.scratch_bytes = ScratchBytes(layer, packed, segment_pixels * layer.input_channels);
    if (way == Way::kColumns) {
      // The rows side by side stand in front.
      const int64_t pixels = int64_t{h.output - 1} * h.stride + h.filter;
      use.scratch_bytes += (pixels * layer.vertical.filter * layer.input_channels + 7) / 4 * 4;
    }
    use.instructions = Instructions(layer, packed);
    AddClamp(layer, requantization,
             way == Way::kPixels  ? layer.output_channels
             : way == Way::kImage ? wanted.row_bytes * layer.vertical.output
                                  : RowCodeBytes(layer, wanted),
             &use);
    use.code_bytes = 900 + unroll * (sizes.one ? 32 : 68 + (sizes.two ? 48 : 0));
    return use;
  }

  static void DescribeImage(const Layer& layer, KernelUse* use) {
    const RowLayout& rows = use->writes;
    const uint32_t padding = rows.element_bytes == 1 ? 0x01010101u * static_cast<uint8_t>(rows.padding_value)
                                                     : 0x00010001u * static_cast<uint16_t>(rows.padding_value);
    use->params_type = "mote::compiled::ConvDspImageParams";
    use->params = absl::StrCat("{/*row=*/", use->params, ", /*height=*/", layer.vertical.output, ", /*row_bytes=*/",
                               rows.row_bytes, ", /*padding=*/0x", absl::Hex(padding, absl::kZeroPad8), "u}");
    use->writes_padding = true;
  }

  // The block's head, a patch of three pixels and the tail; then three segments of a padded pixel, or sums of the
  // block, or codes of the last one of an odd number of channels.
  static int64_t ScratchBytes(const Layer& layer, const PackedConvDsp& packed, int segment_bytes) {
    constexpr int64_t kHead = 12, kTail = 36, kCodes = 12;
    const Axis& h = layer.horizontal;
    const bool pads = h.padding != 0 || (h.output - 1) * h.stride + (h.filter - 1) * h.dilation >= h.input;
    const int64_t segments = pads ? 12 * (segment_bytes / 4 + 1) : 0;
    const int64_t sums = HasSums(packed.requantization)   ? 12 * AlignedUp(layer.output_channels, 2)
                         : layer.output_channels % 2 != 0 ? kCodes
                                                          : 0;
    return AlignedUp(kHead + 24 * packed.chunks + kTail + std::max(segments, sums), 4);
  }

  static int64_t Instructions(const Layer& layer, const PackedConvDsp& packed) {
    const int width = layer.horizontal.output;
    const int64_t pairs = (layer.output_channels + 1) / 2;
    const auto block = [&](int pixels) -> int64_t {
      const int64_t chunk = (pixels == 3 ? 17 : pixels == 2 ? 12 : 8) + (packed.bytes ? 3 : 0);
      const int64_t gather = (2 + 3 * pixels) * packed.chunks + 30 * layer.vertical.filter + 40;
      return gather + pairs * (chunk * packed.chunks + 2 * pixels * InstructionsACode(packed.requantization) + 18);
    };
    const int64_t row = width / 3 * block(3) + (width % 3 == 0 ? 0 : block(width % 3));
    return layer.vertical.output * row;
  }
};

// Four channels at a time. It reads whole words of inputs.
class FullyConnectedDsp : public Variant {
 public:
  std::string name() const override { return "fully_connected_dsp"; }

  std::optional<KernelUse> Use(const Network& network, const Layer& layer, const Request& request) const override {
    if (!request.target.core.has_dsp || layer.kind != LayerKind::kDense) return std::nullopt;
    const Tensor& output = network.tensors[layer.outputs[0]];
    if (request.output && *request.output != Nhwc8(output)) return std::nullopt;
    const Layer flat = OnePixel(layer);
    const int inputs = flat.input_channels;
    const int outputs = flat.output_channels;
    if (inputs % 4 != 0) return std::nullopt;
    // Loops in little code where they are a small part of the work, and no block for a last pair where weights of 0
    // are fewer bytes.
    const bool small =
        request.target.is(Optimize::kSize) || (request.target.is(Optimize::kSpeed) && IsMinor(network, layer));
    const bool pads = small && 2 * AlignedUp(inputs, 8) + kPairConstantBytes < kPairCodeBytes;
    const PackedDenseDsp packed = PackDenseDsp(flat, DspClamp::kAfterwards, pads);
    const DspRequantization& requantization = packed.requantization;
    // Inputs made int16 once take memory; without it they come by eights.
    const bool wide = !request.target.is(Optimize::kRam) || inputs % 8 != 0;
    KernelUse use;
    use.variant = name();
    use.form = KernelForm::kVector;
    use.function = absl::StrCat("mote::compiled::DenseDsp<", small ? 1 : 4,
                                ", mote::compiled::DspWeights::", packed.bytes ? "kBytes" : "kPaired", ", ",
                                RequantizeName(requantization), ", ", Bool(wide), ", ", ShiftArgument(requantization),
                                ", ", Bool(packed.fours), ", ", Bool(packed.pair), ">::Vector");
    use.header = "mcu_runtime/compiled/fully_connected_dsp.h";
    use.params_type = "mote::compiled::DenseDspParams";
    use.params = absl::StrCat("{/*inputs=*/", inputs, ", /*outputs=*/", outputs, ", ", ShiftsText(requantization), ", ",
                              ConstantsText(layer, requantization, "/*weights=*/"));
    AddConstants(packed.stream, requantization, &use);
    if (packed.bytes) use.remark = absl::StrCat(kExtremeWeight, use.remark.empty() ? "" : "; ", use.remark);
    use.reads = {Nhwc8(network.tensors[layer.inputs[0]])};
    use.writes = Nhwc8(output);
    use.scratch_bytes =
        (wide ? 2 * AlignedUp(inputs, 8) : 0) + (HasSums(requantization) ? 4 * AlignedUp(outputs, 4) : 0);
    const int64_t chunk = (packed.bytes ? 36 : 27) + (wide ? 0 : 4);
    use.instructions = 80 + (wide ? inputs * 3 / 2 : 0) +
                       (outputs + 3) / 4 * ((inputs + 7) / 8 * chunk + 4 * InstructionsACode(requantization) + 14);
    AddClamp(flat, requantization, outputs, &use);
    use.code_bytes = (packed.fours ? small ? 290 : 615 : 0) + (packed.pair ? small ? 195 : 360 : 0) + 190;
    return use;
  }

 private:
  static constexpr int64_t kPairCodeBytes = 195;
  static constexpr int64_t kPairConstantBytes = 24;  // of two channels
};

// Multiplier 1, and a stride for which there are kernels from planar rows.
bool IsDepthwise3x3(const Layer& layer) {
  const Axis& h = layer.horizontal;
  return layer.kind == LayerKind::kDepthwise && layer.input_channels == layer.output_channels &&
         layer.vertical.filter == 3 && h.filter == 3 && h.dilation == 1 && (h.stride == 1 || h.stride == 2);
}

class DepthwiseDsp : public Variant {
 public:
  std::string name() const override { return "depthwise_conv_2d_dsp"; }

  std::optional<KernelUse> Use(const Network& network, const Layer& layer, const Request& request) const override {
    if (!request.target.core.has_dsp) return std::nullopt;
    if (!IsDepthwise3x3(layer)) return std::nullopt;
    const Tensor& output = network.tensors[layer.outputs[0]];
    const RowLayout wanted = request.output.value_or(Nhwc8(output));
    const std::optional<OutputPlaces> places = PlacesOf(output, wanted);
    if (!places || places->element_bytes != 1) return std::nullopt;
    return Describe(layer, network.tensors[layer.inputs[0]], wanted, *places, request.target);
  }

 private:
  KernelUse Describe(const Layer& layer, const Tensor& input, const RowLayout& wanted, const OutputPlaces& places,
                     const Target& target) const {
    const Axis& h = layer.horizontal;
    const PackedDepthwiseDsp packed = PackDepthwiseDsp(layer, DspClamp::kAfterwards);
    const DspRequantization& requantization = packed.requantization;
    const RowLayout reads = Planar(1, input, h, target);
    const int64_t plane = PlaneBytes(input, reads);
    int outputs = kMostOutputs;
    while (h.output % outputs != 0) --outputs;
    const bool single = outputs == h.output && plane <= kMostAdvance;
    KernelUse use;
    use.variant = name();
    use.form = KernelForm::kWindow;
    use.function = absl::StrCat("mote::compiled::DepthwiseDsp<", outputs, ", ", h.stride, ", ", single ? plane : 0,
                                ", ", RequantizeName(requantization), ", ", ShiftArgument(requantization), ">::Row");
    use.header = "mcu_runtime/compiled/depthwise_conv_2d_dsp.h";
    use.params_type = "mote::compiled::DepthwiseDspParams";
    use.params = absl::StrCat("{/*channels=*/", layer.output_channels, ", /*plane=*/", plane, ", /*output_width=*/",
                              h.output, ", /*output_pixel=*/", places.pixel, ", /*output_channel=*/", places.channel,
                              ", /*output_left=*/", places.left, ", ", ShiftsText(requantization), ", ",
                              ConstantsText(layer, requantization, "/*stream=*/"));
    AddConstants(packed.stream, requantization, &use);
    use.reads = {reads};
    use.writes = wanted;
    use.scratch_bytes = HasSums(requantization) ? int64_t{4} * layer.output_channels * h.output : 0;
    const int64_t block = 24 + 6 * outputs + outputs * InstructionsACode(requantization) + 17;
    use.instructions = layer.vertical.output * (60 + layer.output_channels * (h.output / outputs * block));
    AddClamp(layer, requantization, RowCodeBytes(layer, wanted), &use);
    use.code_bytes = 650;
    return use;
  }

  static constexpr int kMostOutputs = 6;    // that registers hold
  static constexpr int kMostAdvance = 255;  // of a load
};

// From rows of int16, which take twice the memory: where speed counts.
class DepthwiseWideDsp : public Variant {
 public:
  std::string name() const override { return "depthwise_conv_2d_wide_dsp"; }

  std::optional<KernelUse> Use(const Network& network, const Layer& layer, const Request& request) const override {
    if (!request.target.core.has_dsp || !request.target.is(Optimize::kSpeed) || !IsDepthwise3x3(layer)) {
      return std::nullopt;
    }
    const Tensor& input = network.tensors[layer.inputs[0]];
    const Tensor& output = network.tensors[layer.outputs[0]];
    const RowLayout wanted = request.output.value_or(Nhwc8(output));
    const std::optional<OutputPlaces> places = PlacesOf(output, wanted);
    if (!places) return std::nullopt;
    const Axis& h = layer.horizontal;
    const PackedDepthwiseDsp packed = PackDepthwiseWideDsp(layer, DspClamp::kAfterwards);
    const DspRequantization& requantization = packed.requantization;
    const RowLayout reads = Planar(2, input, h, request.target);
    const int64_t plane = PlaneBytes(input, reads);
    const DepthwiseBlocks blocks = ChooseDepthwiseBlocks(h.output, h.stride);
    KernelUse use;
    use.variant = name();
    use.form = KernelForm::kWindow;
    use.function = absl::StrCat("mote::compiled::DepthwiseWideDsp<", blocks.outputs, ", ", blocks.rest, ", ", h.stride,
                                ", ", plane <= kMostAdvance ? plane : 0, ", ", RequantizeName(requantization), ", ",
                                ShiftArgument(requantization), ", ", places->element_bytes, ">::Row");
    use.header = "mcu_runtime/compiled/depthwise_conv_2d_wide_dsp.h";
    use.params_type = "mote::compiled::DepthwiseWideDspParams";
    use.params = absl::StrCat("{/*channels=*/", layer.output_channels, ", /*plane=*/", plane, ", /*output_width=*/",
                              h.output, ", /*output_pixel=*/", places->pixel, ", /*output_channel=*/", places->channel,
                              ", /*output_left=*/", places->left, ", /*offset=*/", requantization.offset, ", ",
                              ConstantsText(layer, requantization, "/*stream=*/"));
    AddConstants(packed.stream, requantization, &use);
    use.reads = {reads};
    use.writes = wanted;
    use.scratch_bytes = HasSums(requantization) ? int64_t{4} * layer.output_channels * h.output : 0;
    const int64_t outputs = int64_t{layer.vertical.output} * layer.output_channels * h.output;
    use.instructions = outputs * (10 + InstructionsACode(requantization)) + 80 * layer.vertical.output;
    AddClamp(layer, requantization, RowCodeBytes(layer, wanted), &use);
    use.code_bytes = 420;
    return use;
  }

 private:
  static constexpr int kMostAdvance = 256;  // of the last load of a channel's row
};

class DepthwiseGeneralDsp : public Variant {
 public:
  std::string name() const override { return "depthwise_general_dsp"; }

  std::optional<KernelUse> Use(const Network& network, const Layer& layer, const Request& request) const override {
    if (!request.target.core.has_dsp || layer.kind != LayerKind::kDepthwise) return std::nullopt;
    const Tensor& input = network.tensors[layer.inputs[0]];
    const Tensor& output = network.tensors[layer.outputs[0]];
    if (request.output && *request.output != Nhwc8(output)) return std::nullopt;
    const bool small = request.target.is(Optimize::kSize);
    const PackedDepthwiseDsp packed = PackDepthwiseGeneralDsp(layer, small);
    const DspRequantization& requantization = packed.requantization;
    const Axis& h = layer.horizontal;
    const int multiplier = layer.output_channels / layer.input_channels;
    const int unroll = small ? kUnrollForSize : kUnrollForSpeed;
    const bool copies = multiplier != 1 || layer.output_channels < 4;
    const bool column =
        h.input == 1 && h.filter == 1 && h.padding == 0 && h.output == 1 && !copies && !HasSums(requantization);
    constexpr int kMostOfField = 32767;  // parameters are of 16 bits
    for (const int field :
         {layer.output_channels, layer.vertical.filter, h.filter, h.stride, h.dilation, h.padding, h.input, h.output}) {
      if (std::abs(field) > kMostOfField) return std::nullopt;
    }
    KernelUse use;
    use.variant = name();
    use.form = KernelForm::kWindow;
    use.function = absl::StrCat("mote::compiled::DepthwiseGeneralDsp<", unroll,
                                ", mote::compiled::DepthwiseWeights::", small ? "kBytes" : "kHalfwords", ", ",
                                RequantizeName(requantization), ", ", ShiftArgument(requantization), ", ", Bool(copies),
                                column ? ">::Column" : ">::Row");
    use.header = "mcu_runtime/compiled/depthwise_general_dsp.h";
    use.params_type = "mote::compiled::DepthwiseGeneralParams";
    use.params =
        absl::StrCat("{/*channels=*/", layer.output_channels, ", /*multiplier=*/", multiplier, ", /*rows=*/",
                     layer.vertical.filter, ", /*taps=*/", h.filter, ", /*stride=*/", h.stride, ", /*dilation=*/",
                     h.dilation, ", /*left=*/", h.padding, ", /*width=*/", h.input, ", /*output_width=*/", h.output,
                     ", /*zero=*/", layer.input_zero_point, ", ", ShiftsText(requantization), ", /*stream=*/$weights}");
    if (HasSums(requantization)) {
      use.params_type = "mote::compiled::DepthwiseGeneralSumsParams";
      use.params = absl::StrCat("{", use.params, ", /*terms=*/$terms, ", RangeText(layer), "}");
    }
    AddConstants(packed.stream, requantization, &use);
    if (copies) use.remark = "taps are copied: several output channels an input channel, or less than four";
    use.reads = {Nhwc8(input)};
    use.outside_value = layer.input_zero_point;
    use.writes = Nhwc8(output);
    use.scratch_bytes = column ? 0 : ScratchBytes(layer, HasSums(requantization), copies);
    const int64_t four = (small ? 14 : 10) * layer.taps() + 4 * InstructionsACode(requantization) + 16;
    const int64_t pixel = 40 + 7 * layer.taps() + (copies ? 5 * layer.taps() * layer.output_channels : 0);
    use.instructions = int64_t{layer.vertical.output} * h.output * (pixel + (layer.output_channels + 3) / 4 * four);
    AddClamp(layer, requantization, RowCodeBytes(layer, use.writes), &use);
    use.code_bytes = (column ? 340 : 580) + (copies ? 80 : 0) + 36 * unroll;
    return use;
  }

 private:
  // Pointers to taps, a pixel of padding, results of a pixel, copies of taps.
  static int64_t ScratchBytes(const Layer& layer, bool has_sums, bool copies) {
    const int64_t channels = AlignedUp(layer.output_channels, 4);
    return 4 * layer.taps() + channels + (has_sums ? 4 : 1) * (channels + 4) + (copies ? layer.taps() * channels : 0);
  }

  static constexpr int kUnrollForSpeed = 8;
  static constexpr int kUnrollForSize = 1;
};

class PlanarConversion : public Variant {
 public:
  std::string name() const override { return "planar"; }

  std::optional<KernelUse> Use(const Network&, const Layer&, const Request&) const override { return std::nullopt; }

  std::optional<KernelUse> Convert(const Tensor& tensor, const RowLayout& from, const RowLayout& to,
                                   const Target&) const override {
    const RowLayout nhwc8 = Nhwc8(tensor);
    const bool packs = from == nhwc8 && IsPlanar(to);
    if (!packs && !(IsPlanar(from) && to == nhwc8)) return std::nullopt;
    const RowLayout& planar = packs ? to : from;
    KernelUse use;
    use.variant = packs ? "to_planar" : "from_planar";
    use.form = KernelForm::kWindow;
    use.function =
        absl::StrCat("mote::compiled::", packs ? "To" : "From", "Planar<int", 8 * planar.element_bytes, "_t>");
    use.header = "mcu_runtime/compiled/planar.h";
    use.params_type = "mote::compiled::PlanarParams";
    use.params = absl::StrCat("{/*width=*/", tensor.width, ", /*channels=*/", tensor.channels, ", /*plane=*/",
                              PlaneBytes(tensor, planar) / planar.element_bytes, ", /*left=*/", planar.left, "}");
    use.reads = {from};
    use.writes = to;
    use.instructions = tensor.height * (20 + int64_t{tensor.channels} * (6 + 4 * tensor.width));
    use.code_bytes = 60;
    return use;
  }
};

}  // namespace

void AddDspVariants(VariantList* variants) {
  variants->push_back(MakeRunConvDsp());
  variants->push_back(std::make_unique<ConvDsp>());
  variants->push_back(std::make_unique<FullyConnectedDsp>());
  variants->push_back(std::make_unique<DepthwiseWideDsp>());
  variants->push_back(std::make_unique<DepthwiseDsp>());
  variants->push_back(std::make_unique<DepthwiseGeneralDsp>());
  variants->push_back(std::make_unique<PlanarConversion>());
}

}  // namespace mote::compiler
