#include "export/compiler/one_run.h"

#include <algorithm>

#include "export/compiler/emit_parts.h"

namespace mote::compiler {
namespace {

// Whether all rows of all tensors of a stage follow each other without gaps.
bool AreRuns(const Network& network, const Plan& plan, const Stage& stage) {
  const auto is_run = [&](int buffer) {
    const RowLayout& layout = plan.buffers[buffer].layout;
    const Tensor& tensor = network.tensors[plan.buffers[buffer].tensor];
    return layout.is_pixels && layout.left == 0 && layout.right == 0 &&
           layout.row_bytes == int64_t{tensor.width} * tensor.channels * layout.element_bytes &&
           plan.schedule.tensors[buffer].capacity == tensor.height;
  };
  return is_run(stage.outputs[0]) && std::all_of(stage.inputs.begin(), stage.inputs.end(), is_run);
}

}  // namespace

bool AreOneRun(const Network& network, const Plan& plan, const Stage& stage) {
  if (!AreRuns(network, plan, stage)) return false;
  const int output = stage.outputs[0], width = network.tensors[plan.buffers[output].tensor].width;
  const int64_t block = stage.use.block_pixels, pixels = int64_t{plan.schedule.tensors[output].capacity} * width;
  const int64_t written = pixels - pixels % block;
  // An output may lie where the inputs of rows above were, but not where those of its own row are.
  if (stage.use.in_place || width >= block) return true;
  const auto meet = [&](int input, int64_t first, int64_t behind, int64_t outputs) {
    const auto at = [&](int buffer, int64_t pixel) {
      return PlaceOf(plan, buffer) + plan.buffers[buffer].layout.row_bytes / width * pixel;
    };
    return at(input, first) < at(output, outputs) && at(output, 0) < at(input, behind);
  };
  return std::none_of(stage.inputs.begin(), stage.inputs.end(), [&](int input) {
    if (stage.use.reads_block_again) return meet(input, 0, pixels, pixels);
    return pixels > block && written != pixels && meet(input, pixels - block, written, written);
  });
}

}  // namespace mote::compiler
