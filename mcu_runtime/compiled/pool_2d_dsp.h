/* Pools on cores with the DSP extension: four channels to a word. The number of channels is a multiple of four, rows
 * are aligned to four bytes. Sums are of 16 bits: windows of at most 255 elements.
 */
#ifndef MOTE_MCU_RUNTIME_COMPILED_POOL_2D_DSP_H_
#define MOTE_MCU_RUNTIME_COMPILED_POOL_2D_DSP_H_

#include "mcu_runtime/compiled/instructions_dsp.h"
#include "mcu_runtime/compiled/pool_2d.h"

namespace mote::compiled {

/* Sums of channels 0 and 2, 1 and 3. */
struct SumsOfFour {
  using Count = device::AverageOfInt8::Count;
  uint32_t even = 0;
  uint32_t odd = 0;

  void Take(uint32_t word) {
    even = Sxtab16(even, word);
    odd = Sxtab16Odd(odd, word);
  }
  template <typename Result>
  void Results(const Result& result, uint8_t* output) const {
    output[0] = result(static_cast<int16_t>(even));
    output[1] = result(static_cast<int16_t>(odd));
    output[2] = result(static_cast<int16_t>(even >> 16));
    output[3] = result(static_cast<int16_t>(odd >> 16));
  }
  void Store(const Count& count, int32_t min, int32_t max, uint8_t* output) const {
    const auto result = [&](int32_t sum) {
      device::AverageOfInt8 average(count);
      average.Take(sum);
      return Clamped(average.Result(count), min, max);
    };
    Results(result, output);
  }
};

struct MaximaOfFour {
  using Count = device::MaximumOf::Count;
  uint32_t maxima = 0x80808080u;

  void Take(uint32_t word) { maxima = MaximumOfBytes(maxima, word); }
  void Store(const Count&, int32_t min, int32_t max, uint8_t* output) const {
    for (uint32_t i = 0; i < 4; ++i) output[i] = Clamped(static_cast<int8_t>(maxima >> 8 * i), min, max);
  }
};

template <typename FourChannels>
inline void PoolRowDsp(const PoolRowParams& p, const uint8_t* const* all_rows, uint8_t* output) {
  const uint8_t* const* rows = nullptr;
  const int32_t height = RowsInside(all_rows, p.filter_rows, &rows);
  for (int32_t x = 0; x < p.horizontal.output; ++x) {
    const Columns columns = ColumnsInside(p.horizontal, x);
    const int32_t begin = columns.begin * p.channels, end = columns.end * p.channels;
    const typename FourChannels::Count count(height * (columns.end - columns.begin));
    for (int32_t c = 0; c < p.channels; c += 4) {
      FourChannels four;
      for (int32_t y = 0; y < height; ++y) {
        const uint8_t* const last = rows[y] + end + c;
        for (const uint8_t* at = rows[y] + begin + c; at != last; at += p.channels) {
          four.Take(device::LoadUnaligned<uint32_t>(at));
        }
      }
      four.Store(count, p.min, p.max, output);
      output += 4;
    }
  }
}

/* Result: GlobalAverage or GlobalSum. `state` holds two words for each four channels. */
template <typename Result, typename Params>
inline void GlobalRowDsp(const Params& p, int32_t row, const uint8_t* input, uint8_t* state, uint8_t* output) {
  const Result result(p);
  SumsOfFour* sums = reinterpret_cast<SumsOfFour*>(state);
  const uint8_t* const end = input + p.width * p.channels;
  for (int32_t c = 0; c < p.channels; c += 4, ++sums) {
    SumsOfFour four;
    if (row != 0) four = *sums;
    for (const uint8_t* at = input + c; at < end; at += p.channels) four.Take(device::LoadUnaligned<uint32_t>(at));
    if (row == p.height - 1) {
      four.Results(result, output + c);
    } else {
      *sums = four;
    }
  }
}

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_POOL_2D_DSP_H_
