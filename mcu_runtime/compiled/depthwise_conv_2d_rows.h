/* DEPTHWISE_CONV_2D on any core, row by row: as the runtime's own kernel, with a pointer to each row. No scratch. */
#ifndef MOTE_MCU_RUNTIME_COMPILED_DEPTHWISE_CONV_2D_ROWS_H_
#define MOTE_MCU_RUNTIME_COMPILED_DEPTHWISE_CONV_2D_ROWS_H_

#include "mcu_runtime/compiled/plain.h"

namespace mote::compiled {

struct DepthwiseRowsParams {
  device::ConvolutionParams layer; /* vertical.output is 1 */
  const int8_t* weights;           /* HWO */
  const device::ChannelTerms* terms;
};

/* For speed, also where all else is compiled for size. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC push_options
#if defined(__thumb__) && !defined(__thumb2__)
#pragma GCC optimize("O2", "no-ipa-ra", "no-schedule-insns") /* see plain.h */
#else
#pragma GCC optimize("O2")
#endif
#endif
/* sums[c] of kChannels neighbouring channels, or of one, over the taps that meet the input: taps.rows rows, from
 * rows[i] + x on. */
template <int kChannels>
__attribute__((noinline)) void SumRows(const device::DepthwiseTaps& taps, const uint8_t* const* rows, int32_t x,
                                       const int8_t* w, int32_t* sums) {
  int32_t sum[kChannels] = {};
  const int32_t z = taps.z;
  const uint8_t* const* const end = rows + taps.rows;
  for (; rows != end; ++rows) {
    const int8_t* in = reinterpret_cast<const int8_t*>(*rows) + x;
    for (int32_t column = taps.columns; column > 0; --column) {
#pragma GCC unroll 8
      for (int c = 0; c < kChannels; ++c) sum[c] += (in[c] - z) * w[c];
      in += taps.x_step;
      w += taps.w_step;
    }
    w += taps.w_row;
  }
#pragma GCC unroll 8
  for (int c = 0; c < kChannels; ++c) sums[c] = sum[c];
}
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC pop_options
#endif

/* All channels of a pixel: codes from `x` on in each row. */
inline void DepthwisePixel(const DepthwiseRowsParams& params, const device::DepthwiseTaps& taps,
                           const uint8_t* const* rows, int32_t x, const int8_t* weights, int8_t* output) {
  const device::ConvolutionParams& p = params.layer;
  const int32_t multiplier = p.channels_a_group();
  for (int32_t first = 0, count; first < p.output_channels; first += count) {
    count = p.output_channels - first;
    if (count > device::kBlockChannels) count = device::kBlockChannels;
    /* Neighbouring channels read neighbouring codes and weights, a tile of them at a time; else each by itself. */
    const bool tiles = multiplier == 1 && count >= device::kDepthwiseTile;
    int32_t sums[device::kBlockChannels];
    for (int32_t c = 0; c < count; c += tiles ? device::kDepthwiseTile : 1) {
      if (tiles) {
        if (c > count - device::kDepthwiseTile) c = count - device::kDepthwiseTile; /* moved back to be whole */
        SumRows<device::kDepthwiseTile>(taps, rows, x + first + c, weights + first + c, sums + c);
      } else {
        SumRows<1>(taps, rows, x + (first + c) / multiplier, weights + first + c, sums + c);
      }
    }
    device::StoreCodes(sums, params.terms + first, count, p.output, output + first);
  }
}

/* KernelForm::kWindow; rows outside of the image are null. */
inline void DepthwiseRow(const DepthwiseRowsParams& params, const uint8_t* const* rows, uint8_t* output) {
  const device::ConvolutionParams& p = params.layer;
  const device::Window& h = p.horizontal;
  const uint8_t* const* end = rows + p.vertical.filter;
  const int8_t* weights = params.weights;
  for (; rows != end && *rows == nullptr; ++rows) weights += h.filter * p.output_channels;
  while (end != rows && end[-1] == nullptr) --end;
  device::DepthwiseTaps taps = {};
  taps.rows = static_cast<int32_t>(end - rows);
  taps.z = p.input_zero_point;
  taps.w_step = p.output_channels;
  int8_t* to = reinterpret_cast<int8_t*>(output);
  for (int32_t x = 0; x < h.output; ++x, to += p.output_channels) {
    device::Taps columns;
    h.TapsInside(x, &columns);
    taps.columns = columns.count;
    /* Where there is one tap there is no step, and a dilation past the input is no distance in it. */
    taps.x_step = taps.columns > 1 ? h.dilation * p.input_channels : 0;
    taps.w_row = (h.filter - taps.columns) * taps.w_step;
    const int32_t first = columns.at * p.input_channels;
    DepthwisePixel(params, taps, rows, first, weights + columns.begin * taps.w_step, to);
  }
}

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_DEPTHWISE_CONV_2D_ROWS_H_
