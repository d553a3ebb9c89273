// What the runtime's operators would compute of a model, without computing it: each operator of the file as the calls
// of kernels (mcu_runtime/kernels) that it makes, with their parameters solved and their pointers named.
//
// The operators themselves say it. They are compiled a second time, in a namespace of their own, with MOTE_RUN (how an
// operator calls a kernel, operators/invocation.h) made to write the call down. So a compiled model and an interpreted
// one share every check and every constant, and an operator of operators.def is compiled from the day it is there.
#ifndef MOTE_EXPORT_COMPILER_RECORD_H_
#define MOTE_EXPORT_COMPILER_RECORD_H_

#include <any>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace mote::compiler {

// One tensor of the file's first subgraph.
struct FileTensor {
  int index = 0;
  std::string name;
  std::string type;  // "int8", "int16", "int32", ...
  std::vector<int> shape;
  std::vector<float> scales;
  std::vector<int64_t> zero_points;
  int64_t bytes = 0;
  const uint8_t* constant = nullptr;  // in the file's bytes; null for what is computed
  bool is_state = false;              // kept from one inference to the next
  int64_t state_offset = 0;           // of state: within RecordedModel::initial_state
  int same_as = -1;                   // shares all its bytes with this earlier tensor (RESHAPE and the like)
};

// What a kernel is given.
struct Argument {
  enum class Kind {
    kParams,   // a structure by reference: `type`, `text`, `value`, `pointers`
    kTable,    // an array of structures that was made for the call: `type`, `text`, `count`, `value` (a std::vector)
    kPointer,  // memory: `type` is what it points to, `const` included; where: `place`, `tensor`, `offset`
    kNumber,   // by value: `type`, `text`
  };
  enum class Place {
    kTensor,    // an activation or state: `tensor`, `offset` bytes into it
    kConstant,  // the file's own bytes: of `tensor`, `offset` bytes into them; where `tensor` is -1, `bytes`
    kScratch,   // the operator's own memory
    kNull,
  };
  Kind kind = Kind::kNumber;
  std::string type;  // as generated code spells it: "mote::device::SoftmaxParams", "const int8_t"
  std::string text;  // an initializer, fields named in comments: "{/*depth=*/12, /*rows=*/1, ...}"
  std::any value;    // kParams: a copy of the structure, as the recording namespace has it (record_fields.h)
  std::vector<Argument> pointers;  // within the structure: $0$, $1$, ... in `text`
  int count = 0;
  Place place = Place::kNull;
  int tensor = -1;
  int64_t offset = 0;
  std::vector<uint8_t> bytes;
  bool is_written = false;  // pointers: not const
};

struct KernelCall {
  std::string function;  // as generated code spells it: "mote::device::Softmax", template arguments included
  std::vector<Argument> arguments;
};

struct RecordedOperator {
  int index = 0;
  std::string name;                  // "CONV_2D"
  std::string symbol;                // its row of operators.def: "conv_2d_int4"
  std::vector<int> inputs, outputs;  // tensors; -1: left out
  int64_t scratch_bytes = 0;
  int64_t packed_scratch_bytes = 0;  // of convolutions: on cores whose plain kernels pack pixels (Cortex-M0)
  std::vector<uint8_t> table;        // of operators on single codes of 8 bits: 256 results, by the input's byte
  bool in_place = false;             // may be computed onto an input of equal size that nothing reads later
  std::vector<KernelCall> calls;     // none where nothing is to be done (RESHAPE, VAR_HANDLE)
};

struct RecordedModel {
  std::string file;  // the bytes; constants point into it
  std::vector<FileTensor> tensors;
  std::vector<RecordedOperator> operators;
  std::vector<int> inputs, outputs;
  std::vector<uint8_t> initial_state;  // of all state tensors, as after mote_model_reset and CALL_ONCE
  std::map<std::string, std::string> metadata;
};

// Verifies the file as mote_model_load does. Errors: InvalidArgument with the runtime's own words (what, which
// operator, which tensor).
absl::StatusOr<RecordedModel> RecordModel(std::string file);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_RECORD_H_
