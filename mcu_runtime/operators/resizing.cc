/* RESIZE_NEAREST_NEIGHBOR, RESIZE_BILINEAR. */
#include "mcu_runtime/kernels/resize_bilinear.h"
#include "mcu_runtime/kernels/resize_nearest.h"
#include "mcu_runtime/operators/moving.h"
#include "mcu_runtime/operators/operators.h"

namespace mote::device {
namespace {

/* Extents from here on are refused: places are no longer exact in float32, or leave int32. */
constexpr int32_t kNearestLimit = 1 << 23;
constexpr int32_t kBilinearLimit = 1 << 20;

/* Images of one type and quantization, the output's of the size that input 1 states. */
MOTE_NOINLINE mote_status ReadImages(Invocation& op, TensorInfo* input, TensorInfo* output, int32_t limit) {
  Indices size;
  MOTE_RETURN_IF_ERROR(ReadIndices(op, 1, &size));
  if (size.count != 2) return size.Fail(op, MOTE_ERROR_SHAPE);
  MOTE_RETURN_IF_ERROR(ReadMoved(op, input, output));
  if (input->dimensions != 4 || input->shape[1] >= limit || input->shape[2] >= limit) {
    return op.Fail(MOTE_ERROR_SHAPE, *input);
  }
  if (output->dimensions != 4 || output->shape[0] != input->shape[0] || output->shape[1] != size.At(0) ||
      output->shape[2] != size.At(1) || output->shape[3] != input->shape[3] || output->shape[1] >= limit ||
      output->shape[2] >= limit) {
    return op.Fail(MOTE_ERROR_SHAPE, *output);
  }
  return MOTE_OK;
}

MOTE_NOINLINE mote_status SolveNearest(Invocation& op, ResizeNearestParams* p, const uint8_t** source,
                                       uint8_t** target) {
  enum : uint32_t { kAlignCorners, kHalfPixelCenters };
  TensorInfo input, output;
  MOTE_RETURN_IF_ERROR(ReadImages(op, &input, &output, kNearestLimit));
  const bool align_corners = op.Option8(kAlignCorners, 0) != 0;
  const bool half_pixel_centers = op.Option8(kHalfPixelCenters, 0) != 0;
  p->batches = input.shape[0];
  p->pixel_bytes = ElementBytes(input) * input.shape[3];
  p->vertical = SolveNearestAxis(input.shape[1], output.shape[1], align_corners, half_pixel_centers);
  p->horizontal = SolveNearestAxis(input.shape[2], output.shape[2], align_corners, half_pixel_centers);
  if (op.verifying()) return MOTE_OK;
  *source = op.Data<uint8_t>(input);
  *target = op.MutableData<uint8_t>(output);
  return MOTE_OK;
}

MOTE_NOINLINE mote_status SolveBilinear(Invocation& op, ResizeBilinearParams* p, const int8_t** source,
                                        int8_t** target) {
  enum : uint32_t { kOldHeight, kOldWidth, kAlignCorners, kHalfPixelCenters };
  TensorInfo input, output;
  MOTE_RETURN_IF_ERROR(ReadImages(op, &input, &output, kBilinearLimit));
  if (input.type != MOTE_INT8) return op.Fail(MOTE_ERROR_TYPE, input);
  const bool align_corners = op.Option8(kAlignCorners, 0) != 0;
  const bool half_pixel_centers = op.Option8(kHalfPixelCenters, 0) != 0;
  if (align_corners && half_pixel_centers) return op.Fail(MOTE_ERROR_OPTION, output);
  p->batches = input.shape[0];
  p->channels = input.shape[3];
  p->vertical = SolveBilinearAxis(input.shape[1], output.shape[1], align_corners, half_pixel_centers);
  p->horizontal = SolveBilinearAxis(input.shape[2], output.shape[2], align_corners, half_pixel_centers);
  if (op.verifying()) return MOTE_OK;
  *source = op.Data(input);
  *target = op.MutableData(output);
  return MOTE_OK;
}

/* Not inlined, so that what it keeps on the stack is not there while files are read. */
MOTE_NOINLINE void RunNearest(const ResizeNearestParams& p, const uint8_t* source, uint8_t* target) {
  MOTE_RUN((p, source, target), ResizeNearest);
}

}  // namespace

mote_status EvalResizeNearestNeighbor(Invocation& op) {
  ResizeNearestParams p;
  const uint8_t* source = nullptr;
  uint8_t* target = nullptr;
  MOTE_RETURN_IF_ERROR(SolveNearest(op, &p, &source, &target));
  if (!op.verifying()) RunNearest(p, source, target);
  return MOTE_OK;
}

mote_status EvalResizeBilinear(Invocation& op) {
  ResizeBilinearParams p;
  const int8_t* source = nullptr;
  int8_t* target = nullptr;
  MOTE_RETURN_IF_ERROR(SolveBilinear(op, &p, &source, &target));
  if (!op.verifying()) MOTE_RUN((p, source, target), ResizeBilinear);
  return MOTE_OK;
}

}  // namespace mote::device
