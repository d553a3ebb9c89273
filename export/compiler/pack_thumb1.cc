#include "export/compiler/pack_thumb1.h"

#include <algorithm>
#include <cstdlib>

namespace mote::compiler {
namespace {

constexpr int kMostTogether = 255;  // times codes of at most 128 in magnitude: within 16 bits

// The largest sum of the magnitudes of `count` weights in a row.
int LargestGroup(const int8_t* weights, int taps, int count) {
  int largest = 0;
  for (int first = 0; first < taps; first += count) {
    int sum = 0;
    for (int i = first; i < std::min(first + count, taps); ++i) sum += std::abs(weights[i]);
    largest = std::max(largest, sum);
  }
  return largest;
}

}  // namespace

Thumb1Codes PackThumb1Codes(const Layer& layer, int code_offset) {
  const size_t taps = layer.weights.size() / layer.channels.size();
  const bool padded =
      layer.vertical.padding != 0 || layer.horizontal.padding != 0 ||
      (layer.vertical.output - 1) * layer.vertical.stride + (layer.vertical.filter - 1) >= layer.vertical.input ||
      (layer.horizontal.output - 1) * layer.horizontal.stride + (layer.horizontal.filter - 1) >= layer.horizontal.input;
  std::vector<RequantizedChannel> requests;
  for (size_t c = 0; c < layer.channels.size(); ++c) {
    const absl::Span<const int8_t> weights(layer.weights.data() + c * taps, taps);
    RequantizedChannel request;
    request.accumulators =
        ReachableAccumulators(layer.channels[c].bias, weights, layer.input_zero_point, {-128, 127}, padded);
    request.multiplier = {layer.channels[c].mantissa, layer.channels[c].exponent};
    uint32_t origin = static_cast<uint32_t>(layer.channels[c].bias);
    for (const int8_t weight : weights)
      origin -= static_cast<uint32_t>((layer.input_zero_point + code_offset) * weight);
    request.origin = static_cast<int32_t>(origin);
    requests.push_back(request);
  }
  Thumb1Codes codes;
  const device::OutputRange output = {layer.output_zero_point, layer.output_min, layer.output_max};
  if (const auto found = FindThumb1Requantization(requests, output)) {
    codes.right_shift = found->right_shift;
    for (const auto& channel : found->channels) {
      codes.channels.insert(codes.channels.end(),
                            {channel.low, int64_t{channel.high} << 8 | channel.low_shift, channel.offset});
    }
    return codes;
  }
  codes.sums = true;
  for (const RequantizedChannel& request : requests) {
    codes.channels.insert(codes.channels.end(),
                          {request.origin, request.multiplier.mantissa, request.multiplier.exponent});
  }
  return codes;
}

std::optional<Thumb1Weights> PackThumb1Gemm(const Layer& layer) {
  const int channels = static_cast<int>(layer.channels.size());
  const int taps = static_cast<int>(layer.weights.size()) / channels;
  Thumb1Weights packed;
  packed.taps = (taps + 3) / 4 * 4;
  packed.fours.resize(static_cast<size_t>(channels + 31) / 32);
  for (int c = 0; c < channels; ++c) {
    const int8_t* weights = layer.weights.data() + c * taps;
    if (LargestGroup(weights, taps, 2) > kMostTogether) return std::nullopt;
    if (LargestGroup(weights, taps, 4) <= kMostTogether)
      packed.fours[static_cast<size_t>(c / 32)] |= int64_t{1} << c % 32;
    for (int tap = 0; tap < packed.taps; ++tap) packed.weights.push_back(tap < taps ? weights[tap] : 0);
  }
  return packed;
}

std::optional<Thumb1Dense> PackThumb1Dense(const Layer& layer) {
  const int outputs = static_cast<int>(layer.channels.size());
  const int inputs = static_cast<int>(layer.weights.size()) / outputs;
  const auto kept = [&](int output, int input) {
    return std::clamp<int>(layer.weights[static_cast<size_t>(output * inputs + input)], -64, 63);
  };
  Thumb1Dense packed;
  for (int first = 0; first < outputs; first += 4) {
    const size_t before = packed.extras.size();
    for (int k = 0; k < inputs; k += 4) {
      for (const int tap : {k, k + 1}) {
        for (const int output : {first, first + 2}) {
          for (const int upper : {tap + 2, tap}) {
            packed.weights.push_back(kept(output, upper) + 64);
            packed.weights.push_back(kept(output + 1, upper) + 64);
          }
        }
      }
      for (int tap = k; tap < k + 4; ++tap) {
        const int held_at = 2 * k + (tap & 1) * 4 + (tap & 2);  // the upper half of a word holds k + 2 or k + 3
        for (int output = first; output < first + 4; ++output) {
          const int rest = layer.weights[static_cast<size_t>(output * inputs + tap)] - kept(output, tap);
          if (rest != 0) packed.extras.push_back(int64_t{held_at} << 16 | (output - first) << 10 | (rest & 255));
        }
      }
    }
    const size_t count = packed.extras.size() - before;
    if (count > 255) return std::nullopt;
    packed.extra_counts.push_back(static_cast<int64_t>(count));
  }
  if (packed.extras.size() > layer.channels.size()) return std::nullopt;
  if (packed.extras.empty()) packed.extras.push_back(0);
  return packed;
}

std::vector<int64_t> PackThumb1WideDense(const Layer& layer) {
  const int outputs = static_cast<int>(layer.channels.size());
  const int inputs = static_cast<int>(layer.weights.size()) / outputs;
  std::vector<int64_t> packed;
  for (int first = 0; first < outputs; first += 4) {
    for (int k = 0; k < (inputs + 7) / 8 * 8; k += 2) {
      for (int output = first; output < first + 4; ++output) {
        for (const int input : {k, k + 1}) {
          const bool is_there = input < inputs && output < outputs;  // beyond inputs codes are zeros
          packed.push_back(is_there ? layer.weights[static_cast<size_t>(output * inputs + input)] + 128 : 0);
        }
      }
    }
  }
  return packed;
}

std::vector<int64_t> PackThumb1Depthwise(const Layer& layer) {
  const int channels = static_cast<int>(layer.channels.size());
  const int taps = layer.taps();
  std::vector<int64_t> packed;
  for (int first = 0; first < channels; first += 4) {
    for (int tap = 0; tap < taps; ++tap) {
      for (int c = first; c < first + 4; ++c) packed.push_back(layer.weights[static_cast<size_t>(c * taps + tap)]);
    }
  }
  return packed;
}

}  // namespace mote::compiler
