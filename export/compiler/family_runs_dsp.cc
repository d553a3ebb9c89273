// The variant of convolutions whose patches are runs of bytes, for cores with the DSP extension
// (mcu_runtime/compiled/conv_2d_runs_dsp.h). Where rows are streamed ConvDsp (family_dsp.cc) is the better one: its
// runs may end anywhere.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "export/compiler/dsp_use.h"
#include "export/compiler/sizes.h"

namespace mote::compiler {
namespace {

constexpr int64_t kMostOfHalfword = 65535;  // parameters are of 16 bits

class RunConvDsp : public Variant {
 public:
  std::string name() const override { return "conv_2d_runs_dsp"; }

  std::optional<KernelUse> Use(const Network& network, const Layer& layer, const Request& request) const override {
    // Every output channel of a depthwise layer sees the one input channel that there is.
    const bool depthwise_of_one = layer.kind == LayerKind::kDepthwise && layer.input_channels == 1;
    if (!request.target.core.has_dsp || request.target.is(Optimize::kRam) || request.streams) return std::nullopt;
    if (!depthwise_of_one && layer.kind != LayerKind::kConvolution) return std::nullopt;
    if (layer.output_channels % 2 != 0) return std::nullopt;
    const Tensor& output = network.tensors[layer.outputs[0]];
    const RowLayout wanted = request.output.value_or(Nhwc8(output));
    const std::optional<OutputPlaces> places = PlacesOf(output, wanted);
    if (!places) return std::nullopt;
    const std::optional<Way> way = WayOf(layer, *places, request.target.is(Optimize::kSpeed));
    if (!way) return std::nullopt;
    return Describe(network, layer, *way, wanted, *places, request.target);
  }

 private:
  // The kernel's functions.
  enum class Way { kPixels, kImage, kPlanarImage, kColumns, kWindows };

  static std::optional<Way> WayOf(const Layer& layer, const OutputPlaces& places, bool speed) {
    if (IsPointwise(layer) && layer.input_channels % 4 == 0) {
      if (places.planar) return Way::kPlanarImage;
      return layer.horizontal.output < 3 ? Way::kImage : Way::kPixels;  // a row must have all pixels of a block
    }
    if (speed) {
      if (layer.input_channels <= 4 && layer.horizontal.dilation == 1) return Way::kColumns;
      return std::nullopt;
    }
    return places.planar ? std::nullopt : std::optional<Way>(Way::kWindows);
  }

  // Of chunks of a run, as DspBlock takes them: with blocks of three that overlap, or of three and two.
  static int64_t ChunkInstructions(int64_t pixels, bool two) {
    constexpr int64_t kThree = 17, kTwo = 12;
    if (pixels == 1) return kThree;
    if (pixels == 2) return two ? kTwo : 2 * kThree;
    if (!two || pixels % 3 == 0) return (pixels + 2) / 3 * kThree;
    return pixels % 3 == 2 ? pixels / 3 * kThree + kTwo : (pixels - 4) / 3 * kThree + 2 * kTwo;
  }

  // Blocks of two are more code: where they save more than some hundredths of a layer that matters.
  static bool IsWorthTwo(int64_t pixels) {
    return ChunkInstructions(pixels, false) * 32 > ChunkInstructions(pixels, true) * 33;
  }

  struct Function {
    const char* name;
    const char* params_type;
    KernelForm form;
  };

  static Function FunctionOf(Way way) {
    switch (way) {
      case Way::kPixels:
        return {"::Pixels", "mote::compiled::RunConvParams", KernelForm::kPixels};
      case Way::kImage:
        return {"::Image", "mote::compiled::RunConvRowParams", KernelForm::kVector};
      case Way::kPlanarImage:
        return {"::PlanarImage", "mote::compiled::RunConvImageParams", KernelForm::kVector};
      case Way::kColumns:
        return {"::Columns", "mote::compiled::RunConvWindowParams", KernelForm::kWindow};
      case Way::kWindows:
        break;
    }
    return {"::Windows", "mote::compiled::RunConvWindowParams", KernelForm::kWindow};
  }

  std::optional<KernelUse> Describe(const Network& network, const Layer& layer, Way way, const RowLayout& wanted,
                                    const OutputPlaces& places, const Target& target) const {
    const Axis& h = layer.horizontal;
    const PackedConvDsp packed =
        PackConvDsp(layer, way == Way::kColumns ? ConvOrder::kColumns : ConvOrder::kRun, DspClamp::kAfterwards);
    const DspRequantization& requantization = packed.requantization;
    if (HasSums(requantization)) return std::nullopt;
    const bool small = target.is(Optimize::kSize);
    const bool in_rows = way == Way::kColumns || way == Way::kWindows;
    const int64_t pixels = int64_t{h.output} * (in_rows ? 1 : layer.vertical.output);
    const bool two = !small && !IsMinor(network, layer) && IsWorthTwo(pixels);
    const int64_t column = int64_t{layer.vertical.filter} * layer.input_channels;
    const int64_t pixel = way == Way::kColumns   ? h.stride * column
                          : way == Way::kWindows ? 4 * packed.chunks
                                                 : layer.input_channels;
    const int64_t width = way == Way::kImage ? pixels : h.output;
    for (const int64_t field : {pixel, int64_t{packed.chunks}, int64_t{layer.output_channels}, width, places.left}) {
      if (field > kMostOfHalfword) return std::nullopt;
    }
    const int unroll = small ? kUnrollForSize : UnrollForSpeed(network);
    KernelUse use;
    use.variant = name();
    const Function function = FunctionOf(way);
    use.form = function.form;
    use.function = absl::StrCat("mote::compiled::RunConvDsp<", unroll,
                                ", mote::compiled::DspWeights::", packed.bytes ? "kBytes" : "kPaired", ", ",
                                RequantizeName(requantization), ", mote::compiled::DspLayout::", places.image_name,
                                ", ", ShiftArgument(requantization), ", ", Bool(two), ">", function.name);
    if (way == Way::kColumns)
      absl::StrAppend(&use.function, "<", layer.vertical.filter, ", ", layer.input_channels, ">");
    use.header = "mcu_runtime/compiled/conv_2d_runs_dsp.h";
    use.params_type = function.params_type;
    use.params = absl::StrCat("{/*pixel=*/", pixel, ", /*chunks=*/", packed.chunks, ", /*output_channels=*/",
                              layer.output_channels, ", ", ShiftsText(requantization), ", /*weights=*/$weights}");
    if (way != Way::kPixels) {
      use.params =
          absl::StrCat("{/*run=*/", use.params, ", /*places=*/{/*width=*/", width, ", /*left=*/", places.left,
                       ", /*step=*/", places.planar ? places.channel : 0, "}", MoreParams(layer, way, wanted), "}");
    }
    AddConstants(packed.stream, requantization, &use);
    if (packed.bytes) use.remark = kExtremeWeight;
    use.reads = {Nhwc8(network.tensors[layer.inputs[0]])};
    if (in_rows) use.outside_value = layer.input_zero_point;
    use.writes = wanted;
    use.writes_padding = way == Way::kPlanarImage;
    const bool overlaps = !two && pixels > 2 && (way == Way::kPixels ? h.output : pixels) % 3 != 0;
    use.in_place = !in_rows && !places.planar && !overlaps && layer.output_channels <= layer.input_channels;
    use.scratch_bytes = 12 + 24 * packed.chunks + 36;
    if (way == Way::kColumns) {
      const int64_t columns = int64_t{h.output - 1} * h.stride + h.filter;
      use.scratch_bytes += AlignedUp(columns * column + 4, 4);
    } else if (way == Way::kWindows) {
      use.scratch_bytes += 12 * packed.chunks;
    }
    use.instructions = (in_rows ? layer.vertical.output : 1) * Instructions(layer, packed, pixels, two);
    if (way == Way::kWindows) use.instructions += 8 * layer.macs / layer.output_channels;
    AddClamp(layer, requantization,
             way == Way::kPixels        ? layer.output_channels
             : way == Way::kPlanarImage ? wanted.row_bytes * layer.vertical.output
             : way == Way::kImage       ? pixels * layer.output_channels
                                        : RowCodeBytes(layer, wanted),
             &use);
    use.code_bytes = 500 + unroll * (68 + (two ? 48 : 0)) + (way == Way::kWindows ? 250 : 0);
    return use;
  }

  // What follows the places.
  static std::string MoreParams(const Layer& layer, Way way, const RowLayout& wanted) {
    if (way == Way::kImage) return "";
    if (way == Way::kPlanarImage) {
      const uint32_t padding = wanted.element_bytes == 1 ? 0x01010101u * static_cast<uint8_t>(wanted.padding_value)
                                                         : 0x00010001u * static_cast<uint16_t>(wanted.padding_value);
      return absl::StrCat(", /*height=*/", layer.vertical.output, ", /*row_bytes=*/", wanted.row_bytes,
                          ", /*padding=*/0x", absl::Hex(padding, absl::kZeroPad8), "u");
    }
    return absl::StrCat(", /*window=*/", PatchWindowText(layer));
  }

  static int64_t Instructions(const Layer& layer, const PackedConvDsp& packed, int64_t pixels, bool two) {
    const int64_t blocks = two ? pixels / 3 + 1 : (pixels + 2) / 3;
    const int64_t pairs = layer.output_channels / 2;
    const int64_t bytes = packed.bytes ? 3 : 0;
    return packed.chunks * ((ChunkInstructions(pixels, two) + blocks * bytes) * pairs + 3 * pixels + 2 * blocks) +
           pairs * (2 * pixels * InstructionsACode(packed.requantization) + 18 * blocks) + 50 * blocks;
  }
};

}  // namespace

std::unique_ptr<Variant> MakeRunConvDsp() { return std::make_unique<RunConvDsp>(); }

}  // namespace mote::compiler
