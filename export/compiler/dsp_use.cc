#include "export/compiler/dsp_use.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "export/compiler/planar.h"

namespace mote::compiler {

const char* Bool(bool value) { return value ? "true" : "false"; }

const char* RequantizeName(const DspRequantization& requantization) {
  switch (requantization.form) {
    case RequantizationForm::kOneLine:
      return "mote::compiled::DspRequantize::kOneLine";
    case RequantizationForm::kTwoLines:
      return "mote::compiled::DspRequantize::kTwoLines";
    default:
      return "mote::compiled::DspRequantize::kSums";
  }
}

bool HasSums(const DspRequantization& requantization) {
  return requantization.form == RequantizationForm::kTwoRoundings;
}

int ShiftArgument(const DspRequantization& requantization) {
  return HasSums(requantization) ? 1 : requantization.right_shift;
}

int64_t InstructionsACode(const DspRequantization& requantization) {
  switch (requantization.form) {
    case RequantizationForm::kOneLine:
      return 4;
    case RequantizationForm::kTwoLines:
      return 6;
    default:
      return 26;
  }
}

std::optional<OutputPlaces> PlacesOf(const Tensor& tensor, const RowLayout& layout) {
  if (layout == Nhwc8(tensor)) return OutputPlaces{"kNhwc8", "kNhwc8", 1, tensor.channels, 1, 0, false};
  if (!IsPlanar(layout)) return std::nullopt;
  const bool wide = layout.element_bytes == 2;
  OutputPlaces places;
  places.name = wide ? "kPlanar16" : "kPlanar8";
  places.image_name = wide ? "kScattered16" : "kScattered8";
  places.element_bytes = layout.element_bytes;
  places.pixel = layout.element_bytes;
  places.channel = PlaneBytes(tensor, layout);
  places.left = int64_t{layout.element_bytes} * layout.left;
  places.planar = true;
  return places;
}

void AddConstants(const std::vector<uint8_t>& stream, const DspRequantization& requantization, KernelUse* use) {
  Constant weights = {"weights", "uint8_t", 4, {}, {}};
  weights.values.assign(stream.begin(), stream.end());
  use->constants.push_back(std::move(weights));
  if (!HasSums(requantization)) return;
  Constant terms = {"terms", "mote::device::ChannelTerms", 4, {}, "{$, {$, $}}"};
  for (const device::ChannelTerms& term : requantization.terms) {
    terms.values.insert(terms.values.end(), {term.bias, term.multiplier.mantissa, term.multiplier.exponent});
  }
  use->constants.push_back(std::move(terms));
  use->remark = "no short requantization is proved";
}

std::string ShiftsText(const DspRequantization& requantization) {
  return absl::StrCat("/*left_shift=*/", requantization.left_shift, ", /*offset=*/", requantization.offset);
}

std::string RangeText(const Layer& layer) {
  return absl::StrCat("/*range=*/{", layer.output_zero_point, ", ", layer.output_min, ", ", layer.output_max, "}");
}

std::string ConstantsText(const Layer& layer, const DspRequantization& requantization, const std::string& stream) {
  return absl::StrCat(stream, "$weights, /*terms=*/", HasSums(requantization) ? "$terms" : "nullptr", ", ",
                      RangeText(layer), "}");
}

void AddClamp(const Layer& layer, const DspRequantization& requantization, int64_t count, KernelUse* use) {
  if (!requantization.clamps) return;
  const bool halves = use->writes.element_bytes == 2;
  const auto word = [halves](int code) {
    const uint32_t value =
        halves ? 0x00010001u * static_cast<uint16_t>(code) : 0x01010101u * static_cast<uint8_t>(code);
    return absl::StrCat("0x", absl::Hex(value, absl::kZeroPad8), "u");
  };
  const char* form = use->form == KernelForm::kVector ? "Vector" : use->form == KernelForm::kPixels ? "Pixels" : "Row";
  use->function = absl::StrCat("mote::compiled::Clamped", form, "<", use->function, ", ", use->params_type,
                               halves ? ", true>" : ">");
  use->params = absl::StrCat("{/*kernel=*/", use->params, ", /*count=*/", count, ", /*min=*/", word(layer.output_min),
                             ", /*max=*/", word(layer.output_max), "}");
  use->params_type = absl::StrCat("mote::compiled::ClampedDspParams<", use->params_type, ">");
  use->more_headers.push_back("mcu_runtime/compiled/clamped_dsp.h");
  use->scratch_bytes = std::max<int64_t>(use->scratch_bytes, 4);  // the form of such calls has an argument for it
  use->instructions += int64_t{layer.vertical.output} * layer.horizontal.output * layer.output_channels;
}

int64_t RowCodeBytes(const Layer& layer, const RowLayout& layout) {
  return IsPlanar(layout) ? layout.row_bytes : int64_t{layer.horizontal.output} * layer.output_channels;
}

bool IsPointwise(const Layer& layer) {
  const auto is_one = [](const Axis& axis) {
    return axis.filter == 1 && axis.stride == 1 && axis.padding == 0 && axis.input == axis.output;
  };
  return is_one(layer.vertical) && is_one(layer.horizontal);
}

bool IsMinor(const Network& network, const Layer& layer) {
  constexpr int64_t kShare = 64;
  int64_t macs = 0;
  for (const Layer& each : network.layers) macs += each.macs;
  return layer.macs * kShare < macs;
}

int UnrollForSpeed(const Network& network) {
  constexpr int kLeast = 8, kMost = 16;
  constexpr int64_t kChunkBytes = 116;                // of blocks of three pixels and of two
  constexpr int64_t kBytesOfWork = int64_t{1} << 17;  // a byte of code is worth this part of all products
  constexpr int64_t kRound = 2;                       // instructions
  int64_t macs = 0;
  for (const Layer& layer : network.layers) macs += layer.macs;
  int best = kLeast;
  int64_t least = 0;
  for (int unroll = kLeast; unroll <= kMost; ++unroll) {
    int64_t cost = macs * kChunkBytes * unroll / kBytesOfWork;
    for (const Layer& layer : network.layers) {
      if (layer.kind != LayerKind::kConvolution || layer.channels.empty()) continue;
      const int64_t chunks = (static_cast<int64_t>(layer.weights.size() / layer.channels.size()) + 3) / 4;
      const int64_t rows = layer.vertical.output, width = layer.horizontal.output;
      const int64_t blocks = IsPointwise(layer) ? (rows * width + 2) / 3 : rows * ((width + 2) / 3);
      cost += ((chunks - 1) / unroll + 1) * kRound * blocks * ((layer.output_channels + 1) / 2);
    }
    if (unroll != kLeast && cost >= least) continue;
    least = cost;
    best = unroll;
  }
  return best;
}

std::string PatchWindowText(const Layer& layer) {
  const Axis& h = layer.horizontal;
  return absl::StrCat("{/*channels=*/", layer.input_channels, ", /*rows=*/", layer.vertical.filter, ", /*taps=*/",
                      h.filter, ", /*stride=*/", h.stride, ", /*dilation=*/", h.dilation, ", /*left=*/", h.padding,
                      ", /*width=*/", h.input, ", /*segment_pixels=*/", h.dilation == 1 ? h.filter : 1, ", /*zero=*/",
                      layer.input_zero_point, "}");
}

}  // namespace mote::compiler
