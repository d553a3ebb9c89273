// What the differential fuzzer of kernels draws, and how the variants of a kernel that different cores get are called:
// all of them on the host, side by side.
#ifndef MOTE_TESTS_FUZZ_KERNEL_CASES_H_
#define MOTE_TESTS_FUZZ_KERNEL_CASES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mote::test {

struct Axis {
  int32_t input, output, filter, stride, dilation, padding;
};

// A convolution of any kind. Weights are OHWI, of a depthwise one HWO; input and output NHWC.
struct ConvolutionCase {
  bool depthwise;
  int32_t batches, input_channels, filter_channels, output_channels;
  Axis vertical, horizontal;
  int32_t input_zero_point;
  int32_t output_zero_point, min, max;
  std::vector<int16_t> input;  // codes, whatever the type
  std::vector<int8_t> weights;
  std::vector<int64_t> bias;
  std::vector<int32_t> mantissas, exponents;
  bool wide_sums;  // int16: biases are int64

  int32_t taps() const { return vertical.filter * horizontal.filter * filter_channels; }
  size_t outputs() const {
    return static_cast<size_t>(batches) * static_cast<size_t>(vertical.output * horizontal.output * output_channels);
  }
};

// The kernels as one kind of core gets them (kernels/core.h).
struct KernelVariant {
  const char* name;
  int32_t (*high_multiply)(int32_t a, int32_t b);           // b in [2^30, 2^31)
  int32_t (*prepared_high_multiply)(int32_t a, int32_t b);  // the same, one factor prepared
  int32_t (*requantize)(int32_t acc, int32_t mantissa, int32_t exponent);
  // One sum and its terms to a code.
  int8_t (*store_code)(int32_t sum, int32_t bias, int32_t mantissa, int32_t exponent, int32_t z, int32_t min,
                       int32_t max);
  std::vector<int16_t> (*convolution)(const ConvolutionCase&);  // int8
  std::vector<int16_t> (*convolution_int16)(const ConvolutionCase&);
};

// One a line in kVariants of fuzz_kernels.cc, and one in CMakeLists.txt here.
extern const KernelVariant kernels_of_host, kernels_of_cortex_m0, kernels_of_cortex_m, kernels_of_riscv;

}  // namespace mote::test

#endif  // MOTE_TESTS_FUZZ_KERNEL_CASES_H_
