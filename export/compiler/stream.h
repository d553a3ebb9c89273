// A model that is given whole windows of a stream, made into one that is given each new part of it.
//
// Where every row of every tensor is a function of rows of the input at fixed distances (convolutions and pools without
// padding over time, what works element by element or row by row), the window of the next call holds what the last one
// computed, moved up. So only the newest rows of each tensor are computed, and of each tensor that a layer reads
// further back the rows are kept that it reads: a kWindow layer adds the newest ones to them. What has no rows over
// time any more (a pool over all of it, dense layers, softmax) is computed in every call.
//
// Time is dimension 1. With vertical strides, a window repeats where it has moved by their product, which is how many
// rows a call takes.
#ifndef MOTE_EXPORT_COMPILER_STREAM_H_
#define MOTE_EXPORT_COMPILER_STREAM_H_

#include "absl/status/statusor.h"
#include "export/compiler/network.h"
#include "export/compiler/variant.h"

namespace mote::compiler {

// The network of one call. Its operators are those of `whole`, in the same order and under the same numbers, and its
// tensors have the file's indices; windows come after them. Errors: InvalidArgument, with the layer and the reason,
// where the results would not be those of `whole` or nothing could be kept.
absl::StatusOr<Network> StreamedNetwork(const Network& whole);

// What stands in front of the windows in the arena: an int32_t, the calls since the reset, up to Stream::frames().
constexpr int64_t kStreamHeadBytes = 4;

// Whether an operator makes row r of its outputs of row r of each input, where they have as many rows.
bool WorksRowByRow(const RecordedOperator& op, const RecordedModel& model);

// What a kWindow layer is computed by: rows of any layout in which they stand one behind the other.
KernelUse WindowUse(const Network& network, const Layer& layer, const RowLayout& wanted);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_STREAM_H_
