#include "export/compiler/pack_winograd.h"

#include <algorithm>
#include <array>

namespace mote::compiler {
namespace {

constexpr int kTransform[4][3] = {{2, 0, 0}, {1, 1, 1}, {1, -1, 1}, {0, 0, 2}};  // G

// G g G' of the filter between two channels, row by row. Each is within +-9 * 128.
std::array<int, 16> TransformedFilter(const Layer& layer, absl::Span<const int8_t> weights, int output, int input) {
  std::array<int, 16> transformed = {};
  for (int i = 0; i < 16; ++i) {
    for (int tap = 0; tap < 9; ++tap) {
      const int weight = weights[(output * 9 + tap) * layer.input_channels + input];
      transformed[i] += kTransform[i / 4][tap / 3] * weight * kTransform[i % 4][tap % 3];
    }
  }
  return transformed;
}

// Pairs of input channels, as the kernel takes bytes apart.
std::vector<std::array<int, 2>> InputPairs(int channels) {
  std::vector<std::array<int, 2>> pairs;
  for (int c = 0; c + 4 <= channels; c += 4) {
    pairs.push_back({c, c + 2});
    pairs.push_back({c + 1, c + 3});
  }
  if (channels % 4 != 0) pairs.push_back({channels - 2, channels - 1});
  return pairs;
}

void Append(uint32_t value, int bytes, std::vector<uint8_t>* stream) {
  for (int i = 0; i < bytes; ++i) stream->push_back(static_cast<uint8_t>(value >> (8 * i)));
}

// Whether 4 * accumulator is an int32 wherever it can be.
bool FourFoldFits(const Layer& layer) {
  const size_t count = layer.weights.size() / layer.channels.size();
  for (size_t c = 0; c < layer.channels.size(); ++c) {
    const absl::Span<const int8_t> weights = absl::MakeConstSpan(layer.weights).subspan(c * count, count);
    const Range reachable =
        ReachableAccumulators(layer.channels[c].bias, weights, layer.input_zero_point, {-128, 127}, /*padded=*/true);
    if (reachable.min < -(1 << 29) || reachable.max >= 1 << 29) return false;
  }
  return true;
}

}  // namespace

PackedWinogradDsp PackWinogradDsp(const Layer& layer) {
  constexpr int kSumShift = 2;  // sums come as four times what they are
  PackedWinogradDsp packed;
  packed.requantization = FindDspRequantization(layer, kSumShift, DspClamp::kAfterwards);
  const DspRequantization& requantization = packed.requantization;
  packed.is_exact = requantization.form == RequantizationForm::kOneLine || FourFoldFits(layer);
  const std::vector<std::array<int, 2>> pairs = InputPairs(layer.input_channels);
  for (int c = 0; c < layer.output_channels; c += 2) {
    std::vector<std::array<std::array<int, 16>, 2>> filters;  // [input channel][of two output channels]
    for (int input = 0; input < layer.input_channels; ++input) {
      filters.push_back({TransformedFilter(layer, requantization.weights, c, input),
                         TransformedFilter(layer, requantization.weights, c + 1, input)});
    }
    for (int element = 0; element < 16; ++element) {
      for (const std::array<int, 2>& pair : pairs) {
        for (int output = 0; output < 2; ++output) {
          for (const int input : pair) {
            Append(static_cast<uint32_t>(filters[input][output][element]), 2, &packed.stream);
          }
        }
      }
    }
    if (requantization.channel_words.empty()) continue;
    for (const int channel : {c, c + 1}) {
      const std::vector<int32_t>& words = requantization.channel_words[channel];
      const bool has_bias = requantization.form == RequantizationForm::kTwoLines;
      for (size_t i = 0; i < words.size(); ++i) {
        Append(static_cast<uint32_t>(words[i]) << (has_bias && i == 0 ? kSumShift : 0), 4, &packed.stream);
      }
    }
  }
  return packed;
}

}  // namespace mote::compiler
