// The batch program: takes a job (mcu_runtime/device/job.h), runs it on the device runtime, leaves a result. Inputs are
// read into the model's own tensors and outputs written from them, so that it needs no memory beside the arena.
#include "mcu_runtime/device/counter.h"
#include "mcu_runtime/device/guard.h"
#include "mcu_runtime/device/job.h"
#include "mcu_runtime/device/many_models.h"
#include "mcu_runtime/device/semihosting.h"
#include "mcu_runtime/device/start.h"
#include "mcu_runtime/mote_runtime.h"

namespace mote::device {
namespace {

constexpr uint32_t kStackForArenaSize = 24 * 1024;

mote_job job;
mote_result result;
mote_model model;

uint8_t* Arena() { return reinterpret_cast<uint8_t*>(static_cast<uintptr_t>(job.arena_address)) + MOTE_GUARD_BYTES; }

const void* ModelFile() { return reinterpret_cast<const void*>(static_cast<uintptr_t>(job.model_address)); }

bool ArenaGuardsHold() { return GuardsHold(Arena(), result.arena_bytes, &result.guard_offset); }

// The record of one sample as it is written.
struct Record {
  const HostFile* file;
  uint32_t bytes;
  bool ok;

  void Add(const mote_tensor& tensor) {
    bytes += static_cast<uint32_t>(tensor.bytes);
    ok = tensor.data != nullptr && ok && file->Write(tensor.data, tensor.bytes);
  }
};

void Trace(void* context, const mote_model* traced, int32_t op) {
  auto* record = static_cast<Record*>(context);
  for (int32_t i = 0; i < mote_model_operator_output_count(traced, op); ++i) {
    record->Add(mote_model_tensor(traced, mote_model_operator_output(traced, op, i)));
  }
}

bool ReadInputs(const HostFile& file) {
  for (int32_t i = 0; i < mote_model_input_count(&model); ++i) {
    const mote_tensor input = mote_model_input(&model, i);
    if (!file.Read(input.data, input.bytes)) return false;
  }
  return true;
}

void Count(mote_count* sum, uint32_t loop_instructions) {
  CounterStart();
  if (loop_instructions != 0) CounterLoop(loop_instructions);
  CounterStop(sum);
}

uint32_t Invoked(mote_status status) {
  result.status = status;
  if (status != MOTE_OK) return MOTE_RESULT_INVOKE;
  if (job.command == MOTE_JOB_OVERRUN) Arena()[result.arena_bytes] ^= 1;
  return ArenaGuardsHold() ? MOTE_RESULT_DONE : MOTE_RESULT_GUARD;
}

uint32_t RunSample(const HostFile& inputs, const HostFile& outputs, uint32_t sample) {
  if (!ReadInputs(inputs)) return MOTE_RESULT_READ;
  const bool traced = (job.flags & MOTE_JOB_TRACE) != 0;
  const bool counted = (job.flags & MOTE_JOB_COUNT) != 0 && sample < job.counted_samples;
  if (counted) {
    CounterStart();
    const mote_status status = mote_model_invoke(&model);
    CounterStop(&result.invoke);
    const uint32_t outcome = Invoked(status);
    if (outcome != MOTE_RESULT_DONE) return outcome;
    // The hook's writes would be counted too, so a traced sample runs twice.
    if (traced && (!inputs.Seek(sizeof job + sample * job.input_bytes) || !ReadInputs(inputs))) return MOTE_RESULT_READ;
  }
  Record record = {&outputs, 0, true};
  if (traced) {
    for (int32_t i = 0; i < mote_model_input_count(&model); ++i) record.Add(mote_model_input(&model, i));
    mote_model_set_hook(&model, Trace, &record);
  }
  if (traced || !counted) {
    const uint32_t outcome = Invoked(mote_model_invoke(&model));
    mote_model_set_hook(&model, nullptr, nullptr);
    if (outcome != MOTE_RESULT_DONE) return outcome;
  }
  for (int32_t i = 0; i < mote_model_output_count(&model); ++i) record.Add(mote_model_output(&model, i));
  if (sample == 0) result.record_bytes = record.bytes;
  return record.ok && record.bytes == result.record_bytes ? MOTE_RESULT_DONE : MOTE_RESULT_WRITE;
}

mote_status TryLoad(size_t arena_bytes) {
  const mote_status status =
      mote_model_load(&model, mote_all_operators, ModelFile(), job.model_bytes, Arena(), arena_bytes);
  result.error_op = model.fault.op;
  result.error_tensor = model.fault.tensor;
  return status;
}

// mote_model_memory would say it, but takes more stack than a machine of 16 KB has, and would hide what loading and
// running themselves take. So the smallest arena that loads is looked for, by halving.
uint32_t FindArenaBytes() {
  const size_t capacity = job.arena_capacity < 2 * MOTE_GUARD_BYTES ? 0 : job.arena_capacity - 2 * MOTE_GUARD_BYTES;
  result.status = TryLoad(capacity);
  if (result.status != MOTE_OK) {
    mote_memory needed = {};
    if (result.status == MOTE_ERROR_ARENA_TOO_SMALL && StackCapacity() >= kStackForArenaSize) {
      mote_model_memory(mote_all_operators, ModelFile(), job.model_bytes, &needed, nullptr);
    }
    result.arena_bytes = static_cast<uint32_t>(needed.arena);
    return MOTE_RESULT_REFUSED;
  }
  size_t too_small = 0, enough = capacity;
  while (enough - too_small > 1) {
    const size_t middle = too_small + (enough - too_small) / 2;
    (TryLoad(middle) == MOTE_OK ? enough : too_small) = middle;
  }
  result.arena_bytes = static_cast<uint32_t>(enough);
  return MOTE_RESULT_DONE;
}

uint32_t LoadModel() {
  const uint32_t found = FindArenaBytes();
  if (found != MOTE_RESULT_DONE) return found;
  PaintGuards(Arena(), result.arena_bytes);
  const bool counted = (job.flags & MOTE_JOB_COUNT) != 0;
  if (counted) CounterStart();
  result.status = TryLoad(result.arena_bytes);
  if (counted) CounterStop(&result.load);
  if (result.status != MOTE_OK) return MOTE_RESULT_REFUSED;
  if (!ArenaGuardsHold()) return MOTE_RESULT_GUARD;
  uint32_t input_bytes = 0;
  for (int32_t i = 0; i < mote_model_input_count(&model); ++i) {
    input_bytes += static_cast<uint32_t>(mote_model_input(&model, i).bytes);
  }
  if (input_bytes == job.input_bytes) return MOTE_RESULT_DONE;
  result.record_bytes = input_bytes;
  return MOTE_RESULT_INPUT_BYTES;
}

uint32_t RunJob(const HostFile& inputs, const HostFile& outputs) {
  if (!inputs.ok() || !inputs.Read(&job, sizeof job)) return MOTE_RESULT_BAD_JOB;
  if (job.magic != MOTE_JOB_MAGIC || job.version != MOTE_JOB_VERSION) return MOTE_RESULT_BAD_JOB;
  if ((job.flags & MOTE_JOB_COUNT) != 0) {
    CounterSetUp();
    Count(&result.empty, 0);
    Count(&result.loop, job.loop_instructions);
  }
  switch (job.command) {
    case MOTE_JOB_COUNT_LOOP:
      return MOTE_RESULT_DONE;
    case MOTE_JOB_FAULT:
#if defined(__riscv)
      asm volatile("unimp");
#else
      asm volatile("udf #0");
#endif
      return MOTE_RESULT_BAD_JOB;
    case MOTE_JOB_HANG:
      for (;;) asm volatile("");
    case MOTE_JOB_MODELS:
      return RunManyModels(job, inputs, outputs, &result.samples_done);
    case MOTE_JOB_INVOKE:
    case MOTE_JOB_OVERRUN:
      break;
    default:
      return MOTE_RESULT_BAD_JOB;
  }
  uint32_t outcome = LoadModel();
  for (uint32_t sample = 0; outcome == MOTE_RESULT_DONE && sample < job.samples; ++sample) {
    outcome = RunSample(inputs, outputs, sample);
    if (outcome == MOTE_RESULT_DONE) result.samples_done = sample + 1;
  }
  return outcome;
}

}  // namespace

void Main() {
  const HostFile outputs(MOTE_RESULT_FILE, FileMode::kWrite);
  if (!outputs.ok()) {
    PrintLine("mote: cannot write " MOTE_RESULT_FILE "\n");
    Exit(1);
  }
  result.magic = MOTE_RESULT_MAGIC;
  result.version = MOTE_JOB_VERSION;
  result.outcome = MOTE_RESULT_RUNNING;
  result.error_op = result.error_tensor = -1;
  bool written = outputs.Write(&result, sizeof result);
  const HostFile inputs(MOTE_JOB_FILE, FileMode::kRead);
  const uint32_t outcome = RunJob(inputs, outputs);
  result.outcome = outcome;
  result.stack_bytes = StackBytes();
  result.stack_capacity = StackCapacity();
  written = outputs.Seek(0) && outputs.Write(&result, sizeof result) && outputs.Close() && written;
  if (!written) PrintLine("mote: cannot write " MOTE_RESULT_FILE "\n");
  Exit(written ? 0 : 1);
}

}  // namespace mote::device
