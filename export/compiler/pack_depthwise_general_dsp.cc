#include "export/compiler/pack_depthwise_general_dsp.h"

#include <algorithm>
#include <array>

namespace mote::compiler {
namespace {

// Orders of four channels' weights.
constexpr std::array<int, 4> kBytes = {0, 1, 2, 3};
constexpr std::array<int, 4> kHalfwords = {0, 2, 1, 3};

void Append(uint32_t value, int bytes, std::vector<uint8_t>* stream) {
  for (int i = 0; i < bytes; ++i) stream->push_back(static_cast<uint8_t>(value >> (8 * i)));
}

}  // namespace

PackedDepthwiseDsp PackDepthwiseGeneralDsp(const Layer& layer, bool bytes) {
  PackedDepthwiseDsp packed;
  packed.requantization = FindDspRequantization(layer, 0, DspClamp::kAfterwards);
  const DspRequantization& requantization = packed.requantization;
  const int channels = layer.output_channels;
  const int taps = layer.taps();
  // Of {m, D} and {bias, m, D} the last two end the stream; what comes before begins it.
  const size_t words = requantization.channel_words.empty() ? 0 : requantization.channel_words[0].size();
  const size_t starts = words == 3 ? 1 : 0;
  const auto append_word = [&](int channel, size_t i) {
    Append(channel < channels ? static_cast<uint32_t>(requantization.channel_words[channel][i]) : 0, 4, &packed.stream);
  };
  const auto append_four = [&](int first) {
    for (int channel = first; channel < first + 4 && starts != 0; ++channel) append_word(channel, 0);
    for (int tap = 0; tap < taps; ++tap) {
      for (const int place : bytes ? kBytes : kHalfwords) {
        const int channel = first + place;
        const int weight = channel < channels ? requantization.weights[channel * taps + tap] : 0;
        Append(static_cast<uint32_t>(weight), bytes ? 1 : 2, &packed.stream);
      }
    }
    for (int channel = first; channel < first + 4; ++channel) {
      for (size_t i = starts; i < words; ++i) append_word(channel, i);
    }
  };
  for (int first = 0; first + 4 <= std::max(channels, 4); first += 4) append_four(first);
  if (channels > 4 && channels % 4 != 0) append_four(channels - 4);
  return packed;
}

}  // namespace mote::compiler
