// The plan of a compiled model: which kernel computes each layer, in which layout every tensor's rows lie and where,
// and in which order steps run.
#ifndef MOTE_EXPORT_COMPILER_PLAN_H_
#define MOTE_EXPORT_COMPILER_PLAN_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "export/compiler/network.h"
#include "export/compiler/row_network.h"
#include "export/compiler/schedule.h"
#include "export/compiler/variant.h"

namespace mote::compiler {

// A tensor in one layout. A tensor that is read in two layouts has two buffers.
struct Buffer {
  int tensor = 0;
  RowLayout layout;
  std::string name;           // "t3", or "t3_wide16" where it is a second one
  int64_t state_offset = -1;  // of what is kept from one inference to the next: its place in the arena
};

// A kernel at work: a layer, or a conversion between two layouts of a tensor (layer -1).
struct Stage {
  int layer = -1;
  KernelUse use;
  bool preferred = false;            // of the variant that PlanOptions::prefer names
  std::vector<int> inputs, outputs;  // buffers
  Axis vertical;                     // of kWindow: which rows a row reads; of the others as high as their output
};

struct Plan {
  Target target;
  std::vector<Buffer> buffers;       // inputs of the network first
  std::vector<Stage> stages;         // in an order in which they can run
  std::vector<int> inputs, outputs;  // buffers
  RowNetwork rows;                   // tensors as `buffers`, then what orders stages that use state; layers as `stages`
  Schedule schedule;
  int64_t state_offset = 0, state_bytes = 0;  // of tensors that are kept from one inference to the next
  int64_t arena_bytes = 0;

  bool by_rows = false;
  int64_t feed_offset = 0, feed_bytes = 0;  // by_rows: what is kept between the rows (mote::compiled::Feed)

  bool is_streamed() const;  // steps of different stages alternate somewhere
};

struct PlanOptions {
  Target target;
  std::optional<int64_t> ram_bytes;  // the arena's budget
  bool plain = false;                // the runtime's kernels alone
  std::string prefer;                // a variant's name: it has every layer that it takes, whatever it costs
  bool by_rows = false;              // the caller gives the input row by row: stage 0 takes a row
};

// Errors: ResourceExhausted where the budget cannot be met, with what would be; InvalidArgument where no variant has
// the preferred name; NotFound where it takes no layer.
absl::StatusOr<Plan> MakePlan(const Network& network, const PlanOptions& options);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_PLAN_H_
