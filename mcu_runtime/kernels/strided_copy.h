/* Moves elements of any type between two tensors, along up to six axes, and changes none: TRANSPOSE, SLICE,
 * STRIDED_SLICE, PAD, CONCATENATION, PACK, SPLIT, UNPACK, SPACE_TO_DEPTH and DEPTH_TO_SPACE are this with different
 * steps.
 *
 *   target[sum of i_d * target_step_d] = source[sum of i_d * source_step_d]        0 <= i_d < size_d
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_STRIDED_COPY_H_
#define MOTE_MCU_RUNTIME_KERNELS_STRIDED_COPY_H_

#include <stdint.h>

namespace mote::device {

struct StridedCopyParams {
  static StridedCopyParams Of(int32_t element_bytes) {
    StridedCopyParams params;
    params.run = element_bytes;
    params.axes = 0;
    return params;
  }

  /* Axes are added from the innermost to the outermost; steps are in bytes, the source's may be negative. At most six
   * axes; the tensors have at most 2^30 bytes, so that no sum of steps leaves int32. */
  void AddAxis(int32_t size, int32_t source_step, int32_t target_step) {
    if (size == 1) return;
    if (axes == 0 && source_step == run && target_step == run) { /* side by side in both */
      run *= size;
      return;
    }
    if (axes != 0) {
      Axis& last = axis[axes - 1];
      if (source_step == last.source_step * last.size && target_step == last.target_step * last.size) {
        last.size *= size;
        return;
      }
    }
    axis[axes++] = {size, source_step, target_step};
  }

  struct Axis {
    int32_t size;
    int32_t source_step;
    int32_t target_step;
  };
  int32_t run; /* bytes that are copied at once */
  int32_t axes;
  Axis axis[6]; /* the innermost first */
};

/* Not inlined: a program has one, whatever operators it has. */
[[gnu::noinline]] inline void StridedCopy(const StridedCopyParams& p, const uint8_t* source, uint8_t* target) {
  const StridedCopyParams::Axis none = {1, 0, 0};
  const StridedCopyParams::Axis inner = p.axes != 0 ? p.axis[0] : none;
  int32_t index[6] = {};
  int32_t from = 0;
  int32_t to = 0;
  for (;;) {
    if (p.run == 1) {
      for (int32_t i = 0; i < inner.size; ++i)
        target[to + i * inner.target_step] = source[from + i * inner.source_step];
    } else {
      for (int32_t i = 0; i < inner.size; ++i) {
        __builtin_memcpy(target + to + i * inner.target_step, source + from + i * inner.source_step,
                         static_cast<uint32_t>(p.run));
      }
    }
    int32_t d = 1;
    for (; d < p.axes; ++d) {
      const StridedCopyParams::Axis& axis = p.axis[d];
      from += axis.source_step;
      to += axis.target_step;
      if (++index[d] < axis.size) break;
      from -= axis.source_step * axis.size;
      to -= axis.target_step * axis.size;
      index[d] = 0;
    }
    if (d >= p.axes) return;
  }
}

inline void CopyBytes(uint8_t* target, const uint8_t* source, int32_t bytes) {
  __builtin_memcpy(target, source, static_cast<uint32_t>(bytes));
}

/* `count` elements of `bytes` bytes, each the one at `value`. */
inline void FillElements(int32_t count, int32_t bytes, const uint8_t* value, uint8_t* target) {
  if (bytes == 1) {
    __builtin_memset(target, *value, static_cast<uint32_t>(count));
    return;
  }
  for (int32_t i = 0; i < count; ++i) {
    __builtin_memcpy(target + i * bytes, value, static_cast<uint32_t>(bytes));
  }
}

/* The same of an element's number; int32_t, or the 8 bytes of an int64_t. */
inline void FillWith(int32_t count, int32_t bytes, int32_t value, uint8_t* target) {
  const int64_t element = value;
  uint8_t code[8];
  __builtin_memcpy(code, &element, sizeof element);
  FillElements(count, bytes, code, target);
}

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_STRIDED_COPY_H_
