#include "mcu_runtime/device/many_models.h"

#include "mcu_runtime/device/guard.h"
#include "mcu_runtime/device/start.h"
#include "mcu_runtime/mote_runtime.h"

namespace mote::device {
namespace {

constexpr uint8_t kArenaPaint = 0xc3;
constexpr uint32_t kStackForMemory = 24 * 1024;  // mote_model_memory takes 16 KB

// One model at a time; static, because stacks are small.
struct Runner {
  uint8_t* file;
  uint8_t* arena;
  uint32_t capacity;
  bool spoil;
  mote_model_job job;
  mote_model_result result;
  mote_model model;

  mote_status TryLoad(size_t bytes) {
    const mote_status status = mote_model_load(&model, mote_all_operators, file, job.model_bytes, arena, bytes);
    result.error_op = model.fault.op;
    result.error_code = model.fault.code;
    result.error_tensor = model.fault.tensor;
    result.status = status;
    return status;
  }

  // The smallest arena that loads: as mote_model_memory says, or where the stack is too small for that, looked for.
  // Leaves the status of what is wrong with the model itself.
  void FindArena() {
    mote_memory memory;
    if (StackCapacity() >= kStackForMemory &&
        mote_model_memory(mote_all_operators, file, job.model_bytes, &memory, nullptr) == MOTE_OK) {
      result.arena_bytes = static_cast<uint32_t>(memory.arena);
      if (memory.arena > capacity) result.status = MOTE_ERROR_ARENA_TOO_SMALL;
      return;
    }
    if (TryLoad(capacity) != MOTE_OK) return;
    size_t too_small = 0, enough = 64;
    while (enough < capacity && TryLoad(enough) != MOTE_OK) {
      too_small = enough;
      enough *= 2;
    }
    if (enough > capacity) enough = capacity;
    while (enough - too_small > 1) {
      const size_t middle = too_small + (enough - too_small) / 2;
      (TryLoad(middle) == MOTE_OK ? enough : too_small) = middle;
    }
    result.arena_bytes = static_cast<uint32_t>(enough);
    result.status = MOTE_OK;
  }

  uint32_t FileSum() const {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < job.model_bytes; ++i) sum = (sum << 5 | sum >> 27) ^ file[i];
    return sum;
  }

  uint32_t Guarded() const {
    int32_t offset;
    return GuardsHold(arena, result.arena_bytes, &offset) ? MOTE_RESULT_DONE : MOTE_RESULT_GUARD;
  }

  uint32_t Load() {
    FindArena();
    if (result.status != MOTE_OK) return MOTE_RESULT_REFUSED;
    PaintGuards(arena, result.arena_bytes);
    for (uint32_t i = 0; i < result.arena_bytes; ++i) arena[i] = kArenaPaint;
    if (TryLoad(result.arena_bytes) != MOTE_OK) return MOTE_RESULT_REFUSED;
    if (Guarded() != MOTE_RESULT_DONE) return MOTE_RESULT_GUARD;
    if (job.steps == 0) return MOTE_RESULT_DONE;
    uint32_t input_bytes = 0;
    for (int32_t i = 0; i < mote_model_input_count(&model); ++i) {
      input_bytes += static_cast<uint32_t>(mote_model_input(&model, i).bytes);
    }
    if (input_bytes != job.input_bytes) {
      result.output_bytes = input_bytes;
      return MOTE_RESULT_INPUT_BYTES;
    }
    for (int32_t i = 0; i < mote_model_output_count(&model); ++i) {
      result.output_bytes += static_cast<uint32_t>(mote_model_output(&model, i).bytes);
    }
    return MOTE_RESULT_DONE;
  }

  uint32_t Step(const HostFile& inputs, const HostFile& outputs) {
    for (int32_t i = 0; i < mote_model_input_count(&model); ++i) {
      const mote_tensor input = mote_model_input(&model, i);
      if (!inputs.Read(input.data, input.bytes)) return MOTE_RESULT_READ;
    }
    result.status = mote_model_invoke(&model);
    if (result.status != MOTE_OK) return MOTE_RESULT_INVOKE;
    for (int32_t i = 0; i < mote_model_output_count(&model); ++i) {
      const mote_tensor output = mote_model_output(&model, i);
      if (output.data == nullptr || !outputs.Write(output.data, output.bytes)) return MOTE_RESULT_WRITE;
    }
    ++result.steps_done;
    if (spoil) arena[result.arena_bytes] ^= 1;
    return Guarded();
  }

  uint32_t Run(const HostFile& inputs, const HostFile& outputs) {
    const uint32_t sum = FileSum();
    uint32_t outcome = Load();
    for (uint32_t step = 0; outcome == MOTE_RESULT_DONE && step < job.steps; ++step) outcome = Step(inputs, outputs);
    if (outcome == MOTE_RESULT_GUARD) GuardsHold(arena, result.arena_bytes, &result.guard_offset);
    return outcome == MOTE_RESULT_DONE && FileSum() != sum ? MOTE_RESULT_FILE_CHANGED : outcome;
  }
};

Runner runner;

}  // namespace

uint32_t RunManyModels(const mote_job& job, const HostFile& inputs, const HostFile& outputs, uint32_t* models_done) {
  if (job.arena_capacity < 2 * MOTE_GUARD_BYTES) return MOTE_RESULT_BAD_JOB;
  runner.file = reinterpret_cast<uint8_t*>(static_cast<uintptr_t>(job.model_address));
  runner.arena = reinterpret_cast<uint8_t*>(static_cast<uintptr_t>(job.arena_address)) + MOTE_GUARD_BYTES;
  runner.capacity = job.arena_capacity - 2 * MOTE_GUARD_BYTES;
  runner.spoil = (job.flags & MOTE_JOB_SPOIL) != 0;
  uint32_t read_at = sizeof(mote_job), write_at = sizeof(mote_result);
  for (uint32_t m = 0; m < job.samples; ++m) {
    if (!inputs.Seek(read_at) || !inputs.Read(&runner.job, sizeof runner.job)) return MOTE_RESULT_READ;
    if (runner.job.model_bytes > job.model_bytes) return MOTE_RESULT_BAD_JOB;
    if (!inputs.Read(runner.file, runner.job.model_bytes)) return MOTE_RESULT_READ;
    read_at +=
        static_cast<uint32_t>(sizeof runner.job) + runner.job.model_bytes + runner.job.input_bytes * runner.job.steps;
    runner.result = mote_model_result();
    // First as it stands, so that a program that is stopped within this model says so.
    if (!outputs.Write(&runner.result, sizeof runner.result)) return MOTE_RESULT_WRITE;
    runner.result.outcome = runner.Run(inputs, outputs);
    if (!outputs.Seek(write_at) || !outputs.Write(&runner.result, sizeof runner.result)) return MOTE_RESULT_WRITE;
    write_at += static_cast<uint32_t>(sizeof runner.result) + runner.result.steps_done * runner.result.output_bytes;
    if (!outputs.Seek(write_at)) return MOTE_RESULT_WRITE;
    *models_done = m + 1;
  }
  return MOTE_RESULT_DONE;
}

}  // namespace mote::device
