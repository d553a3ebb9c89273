#include "export/compiler/pack_dsp.h"

#include <utility>

namespace mote::compiler {
namespace {

// One line leaves few choices open, and 12 suits most layers; two lines ask for more fraction bits.
constexpr int kOneLineShifts[] = {12, 10, 14, 16};
constexpr int kTwoLinesShifts[] = {17, 18, 19, 16, 15, 13, 11};

absl::Span<const int8_t> WeightsOf(const Layer& layer, size_t channel) {
  const size_t count = layer.weights.size() / layer.channels.size();
  return absl::MakeConstSpan(layer.weights).subspan(channel * count, count);
}

bool IsPadded(const Axis& axis) {
  return axis.padding > 0 ||
         (axis.output - 1) * axis.stride - axis.padding + (axis.filter - 1) * axis.dilation >= axis.input;
}

// bias - zero_point * sum of weights.
int32_t BiasOfCodes(const Layer& layer, size_t channel) {
  int32_t bias = layer.channels[channel].bias;
  for (const int8_t weight : WeightsOf(layer, channel)) bias -= layer.input_zero_point * weight;
  return bias;
}

void AppendWord(int32_t word, std::vector<uint8_t>* stream) {
  for (int i = 0; i < 4; ++i) stream->push_back(static_cast<uint8_t>(static_cast<uint32_t>(word) >> (8 * i)));
}

// The products of a sum in the order of a patch (dsp_patch.h), as places in a channel's weights; -1: padding.
std::vector<int> PatchOrder(const Layer& layer) {
  const bool whole_rows = layer.horizontal.dilation == 1;
  const int segment = layer.input_channels * (whole_rows ? layer.horizontal.filter : 1);
  const int segments = layer.vertical.filter * (whole_rows ? 1 : layer.horizontal.filter);
  std::vector<int> order;
  for (int s = 0; s < segments; ++s) {
    for (int i = 0; i + 4 <= segment; i += 4) {
      for (const int byte : {0, 2, 1, 3}) order.push_back(s * segment + i + byte);
    }
  }
  for (int s = 0; s < segments; ++s) {
    for (int i = segment / 4 * 4; i < segment; ++i) order.push_back(s * segment + i);
  }
  while (order.size() % 4 != 0) order.push_back(-1);
  return order;
}

// Bytes of a run in the order that its words become halfwords in, and -1 for padding to a multiple of `multiple`.
std::vector<int> RunOrder(int bytes, int multiple) {
  std::vector<int> order;
  for (int i = 0; i < (bytes + multiple - 1) / multiple * multiple; i += 4) {
    for (const int byte : {0, 2, 1, 3}) order.push_back(i + byte < bytes ? i + byte : -1);
  }
  return order;
}

// The products of a sum where a patch is a run of bytes [tap column][tap row][channel].
std::vector<int> ColumnOrder(const Layer& layer) {
  const int rows = layer.vertical.filter;
  const int taps = layer.horizontal.filter;
  const int channels = layer.input_channels;
  std::vector<int> order = RunOrder(rows * taps * channels, 4);
  for (int& place : order) {
    if (place < 0) continue;
    const int column = place / (rows * channels);
    const int row = place / channels % rows;
    place = (row * taps + column) * channels + place % channels;
  }
  return order;
}

// FindDspRequantization with a left shift of `most_left_shift` at most.
DspRequantization Find(const Layer& layer, int least_left_shift, int most_left_shift, DspClamp clamp) {
  DspRequantization result;
  result.weights = layer.weights;
  const bool padded = IsPadded(layer.vertical) || IsPadded(layer.horizontal);
  std::vector<RequantizedChannel> channels;
  for (size_t c = 0; c < layer.channels.size(); ++c) {
    const OutputChannel& channel = layer.channels[c];
    const device::Multiplier multiplier = {channel.mantissa, channel.exponent};
    const int32_t bias = BiasOfCodes(layer, c);
    channels.push_back(
        {ReachableAccumulators(channel.bias, WeightsOf(layer, c), layer.input_zero_point, {-128, 127}, padded),
         multiplier, bias});
    result.terms.push_back({bias, multiplier});
  }
  RequantizationRequest request;
  request.output = {layer.output_zero_point, layer.output_min, layer.output_max};
  request.held = kHeldSigned;
  request.least_left_shift = least_left_shift;
  const auto find = [&](absl::Span<const int> shifts, RequantizationForm form) {
    for (const int shift : shifts) {
      request.right_shift = shift;
      LayerRequantization found = FindRequantization(channels, request);
      if (found.clamps && clamp == DspClamp::kNever) continue;
      if (found.form == form && found.left_shift <= most_left_shift) return found;
    }
    return LayerRequantization();
  };
  LayerRequantization found = find(kOneLineShifts, RequantizationForm::kOneLine);
  if (found.channels.empty()) found = find(kTwoLinesShifts, RequantizationForm::kTwoLines);
  if (found.channels.empty()) return result;
  result.form = found.form;
  result.left_shift = found.left_shift;
  result.right_shift = found.right_shift;
  result.offset = found.offset;
  result.clamps = found.clamps;
  const size_t weights = layer.weights.size() / layer.channels.size();
  for (size_t c = 0; c < found.channels.size(); ++c) {
    const LayerRequantization::Channel& channel = found.channels[c];
    if (channel.constant) std::fill_n(result.weights.begin() + c * weights, weights, int8_t{0});
    if (found.form == RequantizationForm::kOneLine) {
      result.channel_words.push_back({channel.multiplier, channel.offset});
    } else {
      result.channel_words.push_back({channel.start, channel.multiplier, channel.offset});
    }
  }
  return result;
}

}  // namespace

DspRequantization FindDspRequantization(const Layer& layer, int least_left_shift, DspClamp clamp) {
  return Find(layer, least_left_shift, 31, clamp);
}

namespace {

// Kernels of paired weights have the second sum as 2^8 times what it is.
constexpr int kPairedShift = 8;

// The weights of a layer as output channels times places in the order of a patch; both may lie beyond the layer's.
class OrderedWeights {
 public:
  OrderedWeights(const Layer& layer, absl::Span<const int8_t> weights, std::vector<int> order)
      : weights_(weights), order_(std::move(order)), channels_(static_cast<int>(layer.channels.size())) {}

  int size() const { return static_cast<int>(order_.size()); }

  int At(int channel, int k) const {
    const int place = k < size() ? order_[k] : -1;
    const int taps = static_cast<int>(weights_.size()) / channels_;
    return place < 0 || channel >= channels_ ? 0 : weights_[channel * taps + place];
  }

  // Whether 256 * w_b + w_a is a halfword for all pairs of channels a, b = a + 1.
  bool FitPairs() const {
    for (int c = 0; c < channels_; c += 2) {
      for (int k = 0; k < size(); ++k) {
        if (At(c + 1, k) == -128 && At(c, k) < 0) return false;
      }
    }
    return true;
  }

  void AppendPair(int channel, int k, bool bytes, std::vector<uint8_t>* stream) const {
    const int a = At(channel, k);
    const int b = At(channel + 1, k);
    stream->push_back(static_cast<uint8_t>(a));
    stream->push_back(static_cast<uint8_t>(bytes ? b : (256 * b + a) >> 8));
  }

 private:
  absl::Span<const int8_t> weights_;
  std::vector<int> order_;
  int channels_;
};

}  // namespace

PackedConvDsp PackConvDsp(const Layer& layer, ConvOrder order, DspClamp clamp) {
  PackedConvDsp packed;
  packed.requantization = FindDspRequantization(layer, kPairedShift, clamp);
  const OrderedWeights weights(layer, packed.requantization.weights,
                               order == ConvOrder::kRows ? PatchOrder(layer)
                               : order == ConvOrder::kColumns
                                   ? ColumnOrder(layer)
                                   : RunOrder(static_cast<int>(WeightsOf(layer, 0).size()), 4));
  packed.chunks = weights.size() / 4;
  packed.bytes = !weights.FitPairs();
  const int channels = static_cast<int>(layer.channels.size());
  for (int c = 0; c < channels; c += 2) {
    for (int k = 0; k < weights.size(); ++k) weights.AppendPair(c, k, packed.bytes, &packed.stream);
    if (packed.requantization.channel_words.empty()) continue;
    const std::vector<int32_t>& words = packed.requantization.channel_words[c];
    for (const int32_t word : words) AppendWord(word, &packed.stream);
    const bool has_second = c + 1 < channels;
    for (size_t i = 0; i < words.size(); ++i) {
      AppendWord(has_second ? packed.requantization.channel_words[c + 1][i] : 0, &packed.stream);
    }
  }
  return packed;
}

PackedDenseDsp PackDenseDsp(const Layer& layer, DspClamp clamp, bool pads) {
  PackedDenseDsp packed;
  packed.requantization = FindDspRequantization(layer, kPairedShift, clamp);
  const DspRequantization& r = packed.requantization;
  const OrderedWeights weights(layer, r.weights, RunOrder(static_cast<int>(WeightsOf(layer, 0).size()), 8));
  packed.bytes = !weights.FitPairs();
  const int channels = static_cast<int>(layer.channels.size());
  const int rest = channels % 4;
  packed.fours = channels > 2;
  packed.pair = (rest == 1 || rest == 2) && !(pads && packed.fours);
  const auto word_of = [&](int channel, size_t word) {
    return channel < channels ? r.channel_words[channel][word] : 0;
  };
  const bool two_lines = r.form == RequantizationForm::kTwoLines;
  for (int c = 0; c < channels; c += 4) {
    const int group_end = c + (channels - c > 2 || !packed.pair ? 4 : 2);
    for (int a = c; two_lines && a < group_end; a += 2) {
      const int32_t bias_a = word_of(a, 0);
      const int32_t bias_b = word_of(a + 1, 0);
      const uint32_t pair = (static_cast<uint32_t>(bias_b) << kPairedShift) + static_cast<uint32_t>(bias_a);
      AppendWord(packed.bytes ? bias_b : static_cast<int32_t>(pair), &packed.stream);
      AppendWord(bias_a, &packed.stream);
    }
    for (int k = 0; k < weights.size(); k += 2) {
      for (int a = c; a < group_end; a += 2) {
        weights.AppendPair(a, k, packed.bytes, &packed.stream);
        weights.AppendPair(a, k + 1, packed.bytes, &packed.stream);
      }
    }
    for (int a = c; r.form != RequantizationForm::kTwoRoundings && a < group_end; ++a) {
      AppendWord(word_of(a, two_lines ? 1 : 0), &packed.stream);
      AppendWord(word_of(a, two_lines ? 2 : 1), &packed.stream);
    }
  }
  return packed;
}

PackedDepthwiseDsp PackDepthwiseDsp(const Layer& layer, DspClamp clamp) {
  PackedDepthwiseDsp packed;
  packed.requantization = FindDspRequantization(layer, 0, clamp);
  const auto append_pair = [&packed](int low, int high) {
    AppendWord(static_cast<int32_t>((static_cast<uint32_t>(high) << 16) | (static_cast<uint32_t>(low) & 0xffff)),
               &packed.stream);
  };
  for (size_t c = 0; c < layer.channels.size(); ++c) {
    const int8_t* weights = &packed.requantization.weights[c * 9];
    for (int row = 0; row < 3; ++row) {
      append_pair(weights[3 * row], weights[3 * row + 2]);
      append_pair(weights[3 * row + 1], 0);
    }
    if (packed.requantization.channel_words.empty()) continue;
    for (const int32_t word : packed.requantization.channel_words[c]) AppendWord(word, &packed.stream);
  }
  return packed;
}

PackedDepthwiseDsp PackDepthwiseWideDsp(const Layer& layer, DspClamp clamp) {
  PackedDepthwiseDsp packed;
  DspRequantization& r = packed.requantization;
  // The finest first: a weight times 2^8 is a halfword.
  for (const int least : {8, 6, 4, 0}) {
    r = Find(layer, least, 8, clamp);
    if (r.form != RequantizationForm::kTwoRoundings) break;
  }
  const auto append_pair = [&packed](int low, int high) {
    const int scale = 1 << packed.requantization.left_shift;
    AppendWord(static_cast<int32_t>((static_cast<uint32_t>(high * scale) << 16) |
                                    (static_cast<uint32_t>(low * scale) & 0xffff)),
               &packed.stream);
  };
  for (size_t c = 0; c < layer.channels.size(); ++c) {
    const int8_t* w = &r.weights[c * 9];
    const bool two_lines = r.form == RequantizationForm::kTwoLines;
    const std::vector<int32_t> words = r.channel_words.empty() ? std::vector<int32_t>{0, 0} : r.channel_words[c];
    AppendWord(words[two_lines ? 1 : 0], &packed.stream);
    append_pair(w[0], w[1]);
    append_pair(w[2], w[5]);
    append_pair(w[3], w[4]);
    append_pair(w[6], w[7]);
    append_pair(w[8], 0);
    if (two_lines) AppendWord(words[0] * (1 << r.left_shift), &packed.stream);
    AppendWord(words[two_lines ? 2 : 1], &packed.stream);
  }
  return packed;
}

DepthwiseBlocks ChooseDepthwiseBlocks(int width, int stride) {
  const int most = stride == 1 ? 6 : 5;
  if (width <= most && !(stride == 2 && width == 5)) return {width, 0};
  // Of a block of each width, less what every output takes alike.
  constexpr int kBlock[2][7] = {{0, 24, 22, 25, 26, 24, 25}, {0, 18, 21, 20, 23, 26, 0}};
  DepthwiseBlocks best;
  int least = 0;
  for (int outputs = 1; outputs <= most && outputs <= width; ++outputs) {
    if (stride == 1 && outputs % 2 != 0) continue;
    for (int rest = width % outputs; rest <= most && rest < width; rest += outputs) {
      const int* block = kBlock[stride - 1];
      const int instructions = (width - rest) / outputs * block[outputs] + block[rest];
      if (best.outputs != 0 && instructions >= least) continue;
      least = instructions;
      best = {outputs, rest};
    }
  }
  return best;
}

}  // namespace mote::compiler
