/* CONV_2D on Helium: rows of pixels, two at a time, through gemm_mve.h.
 *
 * Input rows are int8, [x][channel] with the padding in the row (as many codes of the zero point before the first pixel
 * and after the last one as the filter reaches); rows above and below the image are rows of the zero point. A pixel's
 * segment is then k_w * C bytes in a row, and a layer of 1x1 filters is one of a single segment, whose pixels may be
 * taken as one long row where tensors are whole. Channels need not be a multiple of anything; where rows and pixels
 * begin at multiples of 4 the kernel is faster (GemmShapeMve::kWords).
 *
 * Output rows are of any layout in which an element's place is
 *   row + x * pixel_step + channel * channel_step      3 * channel_step + 2 * pixel_step < 2^16
 *
 * Instructions: those of gemm_mve.h, and for two pixels 2 * segments + 30; where they lie in different rows 60 more.
 */
#ifndef MOTE_MCU_RUNTIME_COMPILED_CONV_2D_MVE_H_
#define MOTE_MCU_RUNTIME_COMPILED_CONV_2D_MVE_H_

#include "mcu_runtime/compiled/gemm_mve.h"

namespace mote::compiled {

struct ConvMveParams {
  const void* constants;
  uint32_t blocks_bytes;  /* of whole blocks of 4 channels; constants of the channels that are left follow */
  int32_t block_channels; /* how many channels whole blocks have together */
  int32_t scalar;         /* as in GemmPairMve */
  int32_t min;
  int32_t max;
  int32_t width;      /* of the output */
  int32_t row_stride; /* how many input rows further the next output row's begin */
  int32_t input_step; /* bytes from what an output pixel sees to what the next one sees */
  int32_t pixel_step; /* of the output */
  int32_t channel_step;
};

/* Shape: of whole blocks. kChannelsLeft: output channels % 4. */
template <typename Shape, int kChannelsLeft>
class ConvPairMve {
 public:
  ConvPairMve(const ConvMveParams& p, const int8_t* const* rows, int8_t* const* outputs)
      : p_(p), rows_(rows), outputs_(outputs) {
    pair_.block_step = 4 * p.channel_step;
    pair_.scalar = p.scalar;
    pair_.min = p.min;
    pair_.max = p.max;
  }

  /* Where the pair's first or second pixel stands. */
  void Place(int which, int32_t y, int32_t x) {
    const int8_t* const* rows = rows_ + y * p_.row_stride;
    for (int s = 0; s < Shape::kSegments; ++s) pair_.input[s][which] = rows[s] + x * p_.input_step;
    places_[which] = outputs_[y] + x * p_.pixel_step;
  }

  /* Both pixels two further in their row. */
  void Advance() {
    for (int s = 0; s < Shape::kSegments; ++s) {
      pair_.input[s][0] += 2 * p_.input_step;
      pair_.input[s][1] += 2 * p_.input_step;
    }
    output_ += 2 * p_.pixel_step;
  }

  /* To be called after Place: a scatter's offsets are not negative, they are from the place that comes first. */
  void SetOffsets() {
    const bool swapped = places_[1] < places_[0];
    output_ = swapped ? places_[1] : places_[0];
    const auto first = static_cast<uint32_t>(places_[0] - output_);
    const auto second = static_cast<uint32_t>(places_[1] - output_);
    for (uint32_t c = 0; c < 4; ++c) {
      const uint32_t channel = c * static_cast<uint32_t>(p_.channel_step);
      pair_.offsets[2 * c] = static_cast<uint16_t>(first + channel);
      pair_.offsets[2 * c + 1] = static_cast<uint16_t>(second + channel);
    }
  }

  void Run() {
    const auto* const constants = static_cast<const uint8_t*>(p_.constants);
    pair_.constants = constants;
    pair_.end = constants + p_.blocks_bytes;
    pair_.output = output_;
    if (p_.blocks_bytes != 0) GemmPair<Shape>(pair_);
    if constexpr (kChannelsLeft != 0) {
      pair_.constants = pair_.end;
      pair_.output = output_ + p_.block_channels * p_.channel_step;
      GemmPair<typename Shape::template WithChannels<kChannelsLeft>>(pair_);
    }
  }

 private:
  const ConvMveParams& p_;
  const int8_t* const* rows_;
  int8_t* const* outputs_;
  GemmPairMve<Shape::kSegments> pair_;
  int8_t* places_[2] = {};
  int8_t* output_ = nullptr;
};

/* `count` output rows. Row y's are rows[y * row_stride] to rows[y * row_stride + segments - 1] and outputs[y]. */
template <typename Shape, int kChannelsLeft>
__attribute__((noinline)) void ConvRowsMve(const ConvMveParams& p, const int8_t* const* rows, int8_t* const* outputs,
                                           int32_t count) {
  ConvPairMve<Shape, kChannelsLeft> pair(p, rows, outputs);
  int32_t y = 0;
  int32_t x = 0;
  while (y < count) {
    pair.Place(0, y, x);
    const bool row_ends = x + 1 == p.width;
    if (!row_ends) {
      pair.Place(1, y, x + 1);
    } else if (y + 1 < count) {
      pair.Place(1, y + 1, 0);
    } else {
      pair.Place(1, y, x); /* the last of an odd number of pixels is computed twice */
    }
    pair.SetOffsets();
    pair.Run();
    for (; x + 3 < p.width; x += 2) {
      pair.Advance();
      pair.Run();
    }
    for (x += 2; x >= p.width; x -= p.width) ++y;
  }
}

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_CONV_2D_MVE_H_
