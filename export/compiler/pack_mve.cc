#include "export/compiler/pack_mve.h"

#include <algorithm>

namespace mote::compiler {
namespace {

using compiled::RequantizationMve;

constexpr int kVectorBytes = 16;
constexpr int kBlockChannels = 4;

int RoundUp4(int bytes) { return (bytes + 3) & ~3; }

void Append32(int32_t value, std::vector<uint8_t>* out) {
  for (int shift = 0; shift < 32; shift += 8)
    out->push_back(static_cast<uint8_t>(static_cast<uint32_t>(value) >> shift));
}

// One segment's weights of channels [first, first + count): 16 bytes of each, over and over, then what is left.
void AppendSegment(absl::Span<const int8_t> weights, int channel_bytes, int segment_at, int segment_bytes, int first,
                   int count, std::vector<uint8_t>* out) {
  for (int at = 0; at < segment_bytes; at += kVectorBytes) {
    const int bytes = std::min(kVectorBytes, segment_bytes - at);
    for (int c = first; c < first + count; ++c) {
      const int8_t* from = weights.data() + c * channel_bytes + segment_at + at;
      out->insert(out->end(), from, from + bytes);
      out->insert(out->end(), RoundUp4(bytes) - bytes, 0);
    }
  }
}

void AppendRequantization(const MveRequantization& requantization, int first, int count, std::vector<uint8_t>* out) {
  const auto channels = absl::MakeConstSpan(requantization.channels).subspan(first, count);
  for (const auto& channel : channels) Append32(channel.offset, out);
  for (const auto& channel : channels) Append32(channel.multiplier, out);
  if (requantization.form == RequantizationMve::kOneLine) return;
  for (const auto& channel : channels) out->push_back(static_cast<uint8_t>(channel.exponent));
  out->insert(out->end(), kBlockChannels - count, 0);
}

}  // namespace

PackedBlocksMve PackGemmMve(absl::Span<const int8_t> weights, int segments, int segment_bytes,
                            const MveRequantization& requantization) {
  const int channels = static_cast<int>(requantization.channels.size());
  PackedBlocksMve packed;
  for (int first = 0; first < channels; first += kBlockChannels) {
    const int count = std::min(kBlockChannels, channels - first);
    if (count == kBlockChannels || first == 0) packed.blocks_bytes = static_cast<int>(packed.bytes.size());
    for (int s = 0; s < segments; ++s) {
      AppendSegment(weights, segments * segment_bytes, s * segment_bytes, segment_bytes, first, count, &packed.bytes);
    }
    AppendRequantization(requantization, first, count, &packed.bytes);
    if (count == kBlockChannels) packed.blocks_bytes = static_cast<int>(packed.bytes.size());
  }
  packed.bytes.insert(packed.bytes.end(), kVectorBytes, 0);
  return packed;
}

PackedBlocksMve PackFullyConnectedMve(absl::Span<const int8_t> weights, int inputs,
                                      const MveRequantization& requantization) {
  constexpr int kBlock = 8;
  const int outputs = static_cast<int>(requantization.channels.size());
  PackedBlocksMve packed;
  for (int first = 0; first < outputs; first += kBlock) {
    const int count = std::min(kBlock, outputs - first);
    AppendSegment(weights, inputs, 0, inputs, first, count, &packed.bytes);
    // Outputs at even places, then those at odd places; missing ones are zeros.
    std::vector<MveRequantization::Channel> halves(kBlock);
    for (int i = 0; i < count; ++i) halves[i % 2 * 4 + i / 2] = requantization.channels[first + i];
    for (const auto& channel : halves) Append32(channel.offset, &packed.bytes);
    for (const auto& channel : halves) Append32(channel.multiplier, &packed.bytes);
    if (requantization.form != RequantizationMve::kOneLine) {
      for (const auto& channel : halves) packed.bytes.push_back(static_cast<uint8_t>(channel.exponent));
    }
    if (count == kBlock) packed.blocks_bytes = static_cast<int>(packed.bytes.size());
  }
  packed.bytes.insert(packed.bytes.end(), kVectorBytes, 0);
  return packed;
}

std::vector<uint8_t> PackDepthwiseMve(absl::Span<const int8_t> weights, int filter_height, int filter_width, bool quads,
                                      const MveRequantization& requantization) {
  const int taps = filter_height * filter_width;
  std::vector<uint8_t> bytes;
  for (size_t c = 0; c < requantization.channels.size(); ++c) {
    const int8_t* own = weights.data() + c * taps;
    if (quads) {
      for (int x = 0; x < filter_width; ++x) {
        for (int y = 0; y < 4; ++y) {
          bytes.push_back(static_cast<uint8_t>(y < filter_height ? own[y * filter_width + x] : 0));
        }
      }
    } else {
      bytes.insert(bytes.end(), own, own + taps);
      bytes.insert(bytes.end(), RoundUp4(taps) - taps, 0);
    }
    const MveRequantization::Channel& channel = requantization.channels[c];
    Append32(channel.offset, &bytes);
    Append32(channel.multiplier, &bytes);
    if (requantization.form != RequantizationMve::kOneLine) Append32(channel.exponent, &bytes);
  }
  return bytes;
}

}  // namespace mote::compiler
