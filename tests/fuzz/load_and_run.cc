#include "tests/fuzz/load_and_run.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include "mcu_runtime/graph.h"

namespace mote::test {
namespace {

using device::Graph;
using device::OperatorInfo;
using device::TensorInfo;

void Check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "mote: %s\n", what);
  std::abort();
}

// Exactly `bytes` bytes, at a multiple of 16: the sanitizer sees the first byte before and behind.
class Memory {
 public:
  Memory(size_t bytes, uint8_t paint) : bytes_(bytes), data_(static_cast<uint8_t*>(::operator new(bytes, kAlignment))) {
    std::memset(data_, paint, bytes);
  }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  ~Memory() { ::operator delete(data_, kAlignment); }
  uint8_t* data() const { return data_; }
  size_t bytes() const { return bytes_; }

 private:
  static constexpr std::align_val_t kAlignment{16};
  size_t bytes_;
  uint8_t* data_;
};

// A self-test runs as many samples as the file has room for.
constexpr uint64_t kSelftestWork = 1 << 14;

// What an operator does at most, from its tensors alone: each weight once for each row of its input or output, and some
// steps for each element that it reads or writes. Pools read a window of the input's plane for each output.
uint64_t WorkOf(Graph& graph, const OperatorInfo& op) {
  constexpr uint64_t kSteps = 32;
  constexpr int32_t kAveragePool = 1, kMaxPool = 17;
  uint64_t work = 0, rows = 1, most_input = 0, output_elements = 0;
  std::vector<uint64_t> inputs;
  const auto rows_of = [](const TensorInfo& t) {
    return t.dimensions == 0 ? uint64_t{1} : static_cast<uint64_t>(t.elements / t.last_dimension());
  };
  for (uint32_t i = 0; i < op.outputs.size; ++i) {
    TensorInfo info;
    if (graph.ReadTensor(graph.file.ElementI32(op.outputs, i), &info) != MOTE_OK) continue;
    rows = std::max(rows, rows_of(info));
    output_elements += static_cast<uint64_t>(info.elements);
  }
  for (uint32_t i = 0; i < op.inputs.size; ++i) {
    TensorInfo info;
    const int32_t index = graph.file.ElementI32(op.inputs, i);
    if (index < 0 || graph.ReadTensor(index, &info) != MOTE_OK) continue;
    if (i == 0) rows = std::max(rows, rows_of(info));
    if (i == 0) most_input = static_cast<uint64_t>(info.elements);
    inputs.push_back(static_cast<uint64_t>(info.elements));
    work += kSteps * static_cast<uint64_t>(info.elements);
  }
  work += kSteps * output_elements;
  for (size_t i = 1; i < inputs.size(); ++i) work += inputs[i] * rows;
  if (op.code == kAveragePool || op.code == kMaxPool) work += output_elements * most_input;
  return work;
}

uint64_t WorkOf(const uint8_t* file, size_t size) {
  Graph graph;
  uint64_t work = 0;
  if (graph.Open(file, size) != MOTE_OK) return 0;
  for (uint32_t i = 0; i < graph.operators.size; ++i) {
    OperatorInfo op;
    if (graph.ReadOperator(i, &op) == MOTE_OK) work += WorkOf(graph, op);
  }
  return work;
}

// Bytes of the file's end, and then numbers that depend on them.
void FillInputs(mote_model* model, const uint8_t* file, size_t size) {
  uint32_t state = 0x9e3779b9u;
  for (int32_t i = 0; i < mote_model_input_count(model); ++i) {
    const mote_tensor input = mote_model_input(model, i);
    Check(input.data != nullptr, "an input without memory");
    auto* bytes = static_cast<uint8_t*>(input.data);
    for (size_t k = 0; k < input.bytes; ++k) {
      state = (state ^ file[size - 1 - k % size]) * 0x01000193u;
      bytes[k] = k < size && k < 256 ? file[size - 1 - k] : static_cast<uint8_t>(state >> 24);
      if (input.type == MOTE_BOOL) bytes[k] &= 1;
    }
  }
}

void AppendOutputs(const mote_model* model, std::vector<uint8_t>* all) {
  for (int32_t i = 0; i < mote_model_output_count(model); ++i) {
    const mote_tensor output = mote_model_output(model, i);
    Check(output.data != nullptr, "an output without memory");
    const auto* bytes = static_cast<const uint8_t*>(output.data);
    all->insert(all->end(), bytes, bytes + output.bytes);
  }
}

// Reads every byte that operator `op` made.
void Trace(void* context, const mote_model* model, int32_t op) {
  auto* sum = static_cast<uint32_t*>(context);
  for (int32_t i = 0; i < mote_model_operator_output_count(model, op); ++i) {
    const mote_tensor tensor = mote_model_tensor(model, mote_model_operator_output(model, op, i));
    if (tensor.data == nullptr) continue;  // a resource's handle
    for (size_t k = 0; k < tensor.bytes; ++k) *sum = *sum * 31 + static_cast<const uint8_t*>(tensor.data)[k];
  }
}

void DescribeAll(const mote_model* model) {
  static volatile uint8_t sink;
  for (int32_t t = -1; t <= mote_model_tensor_count(model); ++t) {
    const mote_tensor tensor = mote_model_tensor(model, t);
    if (tensor.data == nullptr || tensor.bytes == 0) continue;
    sink = static_cast<const uint8_t*>(tensor.data)[0];
    sink = static_cast<const uint8_t*>(tensor.data)[tensor.bytes - 1];
  }
  for (int32_t op = -1; op <= mote_model_operator_count(model); ++op) {
    mote_operator_name(mote_model_operator_code(model, op));
    const int32_t outputs = mote_model_operator_output_count(model, op);
    for (int32_t i = -1; i <= outputs; ++i) mote_model_operator_output(model, op, i);
  }
  (void)sink;
}

// The outputs of two inferences, a reset and another inference, and what the hook saw.
std::vector<uint8_t> Run(mote_model* model, const uint8_t* file, size_t size, bool describe) {
  std::vector<uint8_t> all;
  uint32_t sum = 0;
  if (describe) DescribeAll(model);
  mote_model_set_hook(model, Trace, &sum);
  for (int step = 0; step < 3; ++step) {
    if (step == 2) Check(mote_model_reset(model) == MOTE_OK, "a reset fails");
    FillInputs(model, file, size);
    Check(mote_model_invoke(model) == MOTE_OK, "an inference of a loaded model fails");
    AppendOutputs(model, &all);
  }
  const size_t once = all.size() / 3;
  Check(std::memcmp(all.data(), all.data() + 2 * once, once) == 0, "other outputs after a reset");
  for (int shift = 0; shift < 32; shift += 8) all.push_back(static_cast<uint8_t>(sum >> shift));
  if (describe) DescribeAll(model);
  return all;
}

void LoadInto(mote_model* model, const Memory& file, const Memory& arena) {
  Check(mote_model_load(model, mote_all_operators, file.data(), file.bytes(), arena.data(), arena.bytes()) == MOTE_OK,
        "a model does not load in the arena that it asks for");
}

}  // namespace

Verdict LoadAndRun(const uint8_t* bytes, size_t size, const Limits& limits) {
  if (size == 0) return Verdict::kRefused;
  const Memory file(size, 0);
  std::memcpy(file.data(), bytes, size);
  mote_memory needed = {};
  mote_fault fault = {};
  const mote_status status = mote_model_memory(mote_all_operators, file.data(), size, &needed, &fault);
  mote_model model;
  if (status != MOTE_OK) {
    const Memory arena(16384, 0xee);  // as much as mote_model_memory plans in
    const mote_status loaded =
        mote_model_load(&model, mote_all_operators, file.data(), size, arena.data(), arena.bytes());
    // In a small arena "too small" stands for whatever else may follow.
    Check(loaded == status || (status == MOTE_ERROR_LIMIT && loaded == MOTE_ERROR_ARENA_TOO_SMALL),
          "loading and sizing give different errors");
    Check(model.fault.op == fault.op && model.fault.code == fault.code && model.fault.tensor == fault.tensor,
          "loading and sizing blame different things");
    Check(mote_model_invoke(&model) == MOTE_ERROR_NOT_LOADED, "a refused model runs");
    Check(mote_status_text(status)[0] != 0, "an error without words");
    return Verdict::kRefused;
  }
  if (needed.arena > limits.arena_bytes) return Verdict::kTooLarge;

  const Memory first(needed.arena, 0x00);
  if (needed.arena != 0) {
    const Memory small(needed.arena - 1, 0x11);
    Check(mote_model_load(&model, mote_all_operators, file.data(), size, small.data(), small.bytes()) ==
              MOTE_ERROR_ARENA_TOO_SMALL,
          "a model loads in less than it asks for");
  }
  LoadInto(&model, file, first);
  if (!limits.run) {
    DescribeAll(&model);
    return Verdict::kLoaded;
  }
  const uint64_t work = WorkOf(file.data(), size);
  if (work > limits.work) {
    DescribeAll(&model);
    return Verdict::kTooSlow;
  }
  if (work < kSelftestWork) {
    const mote_status tested = mote_selftest(&model);
    Check(tested == MOTE_OK || tested == MOTE_ERROR_SELFTEST, "a self-test ends in another error");
  }
  const std::vector<uint8_t> once = Run(&model, bytes, size, true);
  {
    const Memory other(needed.arena, 0xa5);
    LoadInto(&model, file, other);
    Check(Run(&model, bytes, size, false) == once, "outputs depend on what the arena held before");
  }
  {
    const Memory own(needed.own, 0x5a), shared(needed.shared, 0xff);
    Check(mote_model_load_sharing(&model, mote_all_operators, file.data(), size, own.data(), own.bytes(), shared.data(),
                                  shared.bytes()) == MOTE_OK,
          "a model does not load in the two parts that it asks for");
    Check(Run(&model, bytes, size, false) == once, "other outputs with memory in two parts");
  }
  Check(std::memcmp(file.data(), bytes, size) == 0, "the file was written to");
  return Verdict::kRan;
}

}  // namespace mote::test
