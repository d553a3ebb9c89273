// The passes over memory that make quantization-aware training cheap: one read and one write of every activation,
// forward and backward. AVX2 where the processor has it; the plain loop is the statement of what both compute.
#include <algorithm>
#include <cmath>

#include "ATen/Parallel.h"
#include "quantize/integer_ops.h"
#include "torch/utils.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace mote {
namespace {

// Rows of `channels` values that one task walks: fixed, so that sums are formed in the same order on any number of
// threads.
int64_t RowsPerChunk(int64_t channels) { return std::max<int64_t>(1, 4096 / channels); }

int8_t Residual(float real, int32_t rounded, int32_t low, int32_t high) {
  if (rounded < low) return kClampedLow;
  if (rounded > high) return kClampedHigh;
  const float error = (static_cast<float>(rounded) - real) * kResidualScale;
  return static_cast<int8_t>(std::clamp(std::nearbyint(error), -126.0F, 126.0F));
}

template <typename Accumulator>
void RequantizePlain(const Accumulator* in, float* out, int8_t* residual, int64_t rows, const Requantization& r,
                     int64_t first_channel = 0) {
  const int64_t channels = r.channels();
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t c = first_channel; c < channels; ++c) {
      const int64_t i = row * channels + c;
      const int32_t a = static_cast<int32_t>(in[i]) + r.bias[c];
      const int32_t rounded = ApplyMultiplier(a, {r.mantissa[c], r.exponent[c]});
      if (residual != nullptr) residual[i] = Residual(static_cast<float>(a) * r.factor[c], rounded, r.low, r.high);
      out[i] = static_cast<float>(std::clamp(rounded, r.low, r.high));
    }
  }
}

void BackwardPlain(float* grad, const int8_t* residual, int64_t rows, const Requantization& r, float* bias_grad,
                   double* scale_grad, int64_t first_channel = 0) {
  const int64_t channels = r.channels();
  const float low = static_cast<float>(r.low), high = static_cast<float>(r.high);
  for (int64_t row = 0; row < rows; ++row) {
    float row_scale = 0.0F;
    for (int64_t c = first_channel; c < channels; ++c) {
      const int64_t i = row * channels + c;
      const float g = grad[i];
      const int8_t e = residual[i];
      const bool inside = e != kClampedLow && e != kClampedHigh;
      const float by_scale = inside ? static_cast<float>(e) * (1.0F / kResidualScale) : e < 0 ? low : high;
      row_scale += g * by_scale;
      const float through = inside ? g * r.factor[c] : 0.0F;
      grad[i] = through;
      bias_grad[c] += through;
    }
    *scale_grad += row_scale;
  }
}

#if defined(__x86_64__)
#define MOTE_AVX2 __attribute__((target("avx2,fma")))

bool HasAvx2() {
  static const bool has = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return has;
}

struct Lanes {
  __m256i bias, mantissa, left, right, mask, half;
  __m256 factor;
};

MOTE_AVX2 inline Lanes LoadLanes(const Requantization& r, int64_t c) {
  Lanes lanes;
  lanes.bias = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(r.bias.data() + c));
  lanes.mantissa = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(r.mantissa.data() + c));
  const __m256i exponent = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(r.exponent.data() + c));
  const __m256i zero = _mm256_setzero_si256();
  lanes.left = _mm256_max_epi32(exponent, zero);
  lanes.right = _mm256_max_epi32(_mm256_sub_epi32(zero, exponent), zero);
  const __m256i one = _mm256_set1_epi32(1);
  // A right shift of 31 makes 2^31 - 1 here: still the mask.
  lanes.mask = _mm256_sub_epi32(_mm256_sllv_epi32(one, lanes.right), one);
  lanes.half = _mm256_srli_epi32(lanes.mask, 1);
  lanes.factor = _mm256_loadu_ps(r.factor.data() + c);
  return lanes;
}

// ApplyMultiplier on eight values. A left shift that leaves 32 bits is excluded by ProveAccumulators.
MOTE_AVX2 inline __m256i Apply(__m256i a, const Lanes& lanes) {
  const __m256i x = _mm256_sllv_epi32(a, lanes.left);
  const __m256i nudge = _mm256_set1_epi64x(int64_t{1} << 30);
  const __m256i even = _mm256_add_epi64(_mm256_mul_epi32(x, lanes.mantissa), nudge);
  const __m256i odd =
      _mm256_add_epi64(_mm256_mul_epi32(_mm256_srli_epi64(x, 32), _mm256_srli_epi64(lanes.mantissa, 32)), nudge);
  // Bits 31..62 of the products, which a logical shift gives as well as an arithmetic one.
  const __m256i high = _mm256_blend_epi32(_mm256_srli_epi64(even, 31), _mm256_slli_epi64(odd, 1), 0xAA);
  const __m256i remainder = _mm256_and_si256(high, lanes.mask);
  const __m256i threshold = _mm256_sub_epi32(lanes.half, _mm256_srai_epi32(high, 31));
  const __m256i up = _mm256_cmpgt_epi32(remainder, threshold);
  return _mm256_sub_epi32(_mm256_srav_epi32(high, lanes.right), up);
}

MOTE_AVX2 inline __m256i LoadIntegers(const float* from) { return _mm256_cvtps_epi32(_mm256_loadu_ps(from)); }
MOTE_AVX2 inline __m256i LoadIntegers(const int32_t* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}

template <bool kResidual, typename Accumulator>
MOTE_AVX2 void RequantizeAvx2(const Accumulator* in, float* out, int8_t* residual, int64_t rows,
                              const Requantization& r) {
  const int64_t channels = r.channels();
  const __m256i low = _mm256_set1_epi32(r.low), high = _mm256_set1_epi32(r.high);
  const __m256i gather = _mm256_setr_epi8(0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 4, 8, 12, -1,
                                          -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
  for (int64_t c = 0; c + 8 <= channels; c += 8) {
    const Lanes lanes = LoadLanes(r, c);
    for (int64_t row = 0; row < rows; ++row) {
      const int64_t i = row * channels + c;
      const __m256i a = _mm256_add_epi32(LoadIntegers(in + i), lanes.bias);
      const __m256i rounded = Apply(a, lanes);
      const __m256i clamped = _mm256_min_epi32(_mm256_max_epi32(rounded, low), high);
      if constexpr (kResidual) {
        const __m256 real = _mm256_mul_ps(_mm256_cvtepi32_ps(a), lanes.factor);
        const __m256 error =
            _mm256_mul_ps(_mm256_sub_ps(_mm256_cvtepi32_ps(rounded), real), _mm256_set1_ps(kResidualScale));
        __m256i code = _mm256_cvtps_epi32(error);
        code = _mm256_min_epi32(_mm256_max_epi32(code, _mm256_set1_epi32(-126)), _mm256_set1_epi32(126));
        code = _mm256_blendv_epi8(code, _mm256_set1_epi32(kClampedLow), _mm256_cmpgt_epi32(low, rounded));
        code = _mm256_blendv_epi8(code, _mm256_set1_epi32(kClampedHigh), _mm256_cmpgt_epi32(rounded, high));
        const __m256i bytes = _mm256_shuffle_epi8(code, gather);
        const uint32_t first = static_cast<uint32_t>(_mm256_extract_epi32(bytes, 0));
        const uint32_t second = static_cast<uint32_t>(_mm256_extract_epi32(bytes, 4));
        const uint64_t both = first | static_cast<uint64_t>(second) << 32;
        __builtin_memcpy(residual + i, &both, 8);
      }
      _mm256_storeu_ps(out + i, _mm256_cvtepi32_ps(clamped));
    }
  }
  if (channels % 8 != 0) {
    RequantizePlain(in, out, kResidual ? residual : nullptr, rows, r, channels - channels % 8);
  }
}

MOTE_AVX2 void BackwardAvx2(float* grad, const int8_t* residual, int64_t rows, const Requantization& r,
                            float* bias_grad, double* scale_grad) {
  const int64_t channels = r.channels();
  const __m256 low = _mm256_set1_ps(static_cast<float>(r.low)), high = _mm256_set1_ps(static_cast<float>(r.high));
  const __m256 unit = _mm256_set1_ps(1.0F / kResidualScale);
  const __m256i clamped_low = _mm256_set1_epi32(kClampedLow), clamped_high = _mm256_set1_epi32(kClampedHigh);
  for (int64_t c = 0; c + 8 <= channels; c += 8) {
    const __m256 factor = _mm256_loadu_ps(r.factor.data() + c);
    __m256 bias = _mm256_setzero_ps(), scale = _mm256_setzero_ps();
    for (int64_t row = 0; row < rows; ++row) {
      const int64_t i = row * channels + c;
      const __m256 g = _mm256_loadu_ps(grad + i);
      const __m256i e = _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(residual + i)));
      const __m256 is_low = _mm256_castsi256_ps(_mm256_cmpeq_epi32(e, clamped_low));
      const __m256 is_high = _mm256_castsi256_ps(_mm256_cmpeq_epi32(e, clamped_high));
      __m256 by_scale = _mm256_mul_ps(_mm256_cvtepi32_ps(e), unit);
      by_scale = _mm256_blendv_ps(_mm256_blendv_ps(by_scale, low, is_low), high, is_high);
      scale = _mm256_fmadd_ps(g, by_scale, scale);
      const __m256 through = _mm256_andnot_ps(_mm256_or_ps(is_low, is_high), _mm256_mul_ps(g, factor));
      bias = _mm256_add_ps(bias, through);
      _mm256_storeu_ps(grad + i, through);
    }
    float sums[8];
    _mm256_storeu_ps(sums, scale);
    for (float sum : sums) *scale_grad += sum;
    _mm256_storeu_ps(bias_grad + c, _mm256_add_ps(_mm256_loadu_ps(bias_grad + c), bias));
  }
  if (channels % 8 != 0) {
    BackwardPlain(grad, residual, rows, r, bias_grad, scale_grad, channels - channels % 8);
  }
}
#endif  // __x86_64__

template <typename Accumulator>
void RequantizeRows(const Accumulator* in, float* out, int8_t* residual, int64_t rows, const Requantization& r) {
#if defined(__x86_64__)
  if constexpr (!std::is_same_v<Accumulator, double>) {
    if (HasAvx2()) {
      if (residual != nullptr) return RequantizeAvx2<true>(in, out, residual, rows, r);
      return RequantizeAvx2<false>(in, out, nullptr, rows, r);
    }
  }
#endif
  RequantizePlain(in, out, residual, rows, r);
}

void BackwardRows(float* grad, const int8_t* residual, int64_t rows, const Requantization& r, float* bias_grad,
                  double* scale_grad) {
#if defined(__x86_64__)
  if (HasAvx2()) return BackwardAvx2(grad, residual, rows, r, bias_grad, scale_grad);
#endif
  BackwardPlain(grad, residual, rows, r, bias_grad, scale_grad);
}

// The tensor in rows of channels: channels-last memory for images, contiguous otherwise.
torch::Tensor InRows(const torch::Tensor& tensor) {
  return tensor.contiguous(tensor.dim() == 4 ? torch::MemoryFormat::ChannelsLast : torch::MemoryFormat::Contiguous);
}

}  // namespace

void Requantization::Add(int32_t bias_code, Multiplier multiplier) {
  bias.push_back(bias_code);
  mantissa.push_back(multiplier.mantissa);
  exponent.push_back(multiplier.exponent);
  factor.push_back(static_cast<float>(std::ldexp(multiplier.mantissa, multiplier.exponent - 31)));
}

torch::Tensor Requantize(torch::Tensor accumulators, const Requantization& r, torch::Tensor* residual) {
  const torch::Tensor in = InRows(accumulators);
  torch::Tensor out =
      in.scalar_type() == torch::kFloat32 ? in : at::empty_like(in, in.options().dtype(torch::kFloat32));
  if (residual != nullptr) *residual = at::empty({in.numel()}, in.options().dtype(torch::kInt8));
  int8_t* residual_data = residual != nullptr ? residual->data_ptr<int8_t>() : nullptr;
  const int64_t channels = r.channels();
  const int64_t rows = in.numel() / channels;
  const int64_t per_chunk = RowsPerChunk(channels);
  const int64_t chunks = (rows + per_chunk - 1) / per_chunk;
  float* out_data = out.data_ptr<float>();
  auto walk = [&](const auto* in_data) {
    at::parallel_for(0, chunks, 1, [&](int64_t begin, int64_t end) {
      for (int64_t chunk = begin; chunk < end; ++chunk) {
        const int64_t first = chunk * per_chunk, offset = first * channels;
        int8_t* part = residual_data != nullptr ? residual_data + offset : nullptr;
        RequantizeRows(in_data + offset, out_data + offset, part, std::min(per_chunk, rows - first), r);
      }
    });
  };
  switch (in.scalar_type()) {
    case torch::kFloat32:
      walk(in.data_ptr<float>());
      break;
    case torch::kFloat64:
      walk(in.data_ptr<double>());
      break;
    default:
      walk(in.data_ptr<int32_t>());
  }
  return out;
}

torch::Tensor RequantizeBackward(torch::Tensor grad, const torch::Tensor& residual, const Requantization& r,
                                 torch::Tensor* bias_grad, double* scale_grad) {
  torch::Tensor out = InRows(grad);
  const int64_t channels = r.channels();
  const int64_t rows = out.numel() / channels;
  const int64_t per_chunk = RowsPerChunk(channels);
  const int64_t chunks = (rows + per_chunk - 1) / per_chunk;
  torch::Tensor bias_parts = at::zeros({chunks, channels}, out.options());
  std::vector<double> scale_parts(static_cast<size_t>(chunks), 0.0);
  float* data = out.data_ptr<float>();
  const int8_t* residual_data = residual.data_ptr<int8_t>();
  float* bias_data = bias_parts.data_ptr<float>();
  at::parallel_for(0, chunks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t chunk = begin; chunk < end; ++chunk) {
      const int64_t first = chunk * per_chunk, count = std::min(per_chunk, rows - first);
      BackwardRows(data + first * channels, residual_data + first * channels, count, r, bias_data + chunk * channels,
                   &scale_parts[static_cast<size_t>(chunk)]);
    }
  });
  if (bias_grad != nullptr) *bias_grad = bias_parts.sum(0);
  if (scale_grad != nullptr) {
    for (double part : scale_parts) *scale_grad += part;
  }
  return out;
}

}  // namespace mote
