// The program around compiled models: takes a job (compiled_job.h), runs it, leaves a result. Inputs are read into the
// models' own places in the arena and outputs written from them.
#include "mcu_runtime/device/compiled_job.h"
#include "mcu_runtime/device/compiled_models.h"
#include "mcu_runtime/device/counter.h"
#include "mcu_runtime/device/guard.h"
#include "mcu_runtime/device/semihosting.h"
#include "mcu_runtime/device/start.h"

namespace mote::device {
namespace {

constexpr uint8_t kArenaPaint = 0xc3;

mote_compiled_job job;
mote_compiled_result result;

uint8_t* const arena = compiled_arena + MOTE_GUARD_BYTES;

// Called after each step of the counted inference. A layer of a streamed model comes back for every row.
void CountLayer(void*, int32_t layer) {
  CounterStop(&compiled_layers[layer]);
  CounterStart();
}

void Count(mote_count* sum, uint32_t loop_instructions) {
  CounterStart();
  if (loop_instructions != 0) CounterLoop(loop_instructions);
  CounterStop(sum);
}

uint32_t Bytes(const TensorPlace* places, uint32_t count) {
  uint32_t bytes = 0;
  for (uint32_t i = 0; i < count; ++i) bytes += places[i].bytes;
  return bytes;
}

struct Runner {
  const CompiledModel& model;
  const HostFile& inputs;
  const HostFile& outputs;
  mote_compiled_model_job sizes = {};
  mote_compiled_model_result measured = {};

  void CountedInvoke() {
    if (model.hook != nullptr) *model.hook = CountLayer;
    const uint32_t* top = StackPointer();
    PaintStack();
    CounterStart();
    model.invoke(arena);
    CounterStop(&measured.invoke);
    measured.stack_bytes = PaintedStackBytes(top);
    if (model.hook != nullptr) *model.hook = nullptr;
  }

  uint32_t Step(bool counted) {
    for (uint32_t i = 0; i < model.input_count; ++i) {
      uint8_t* const input = model.fed_input != nullptr ? model.fed_input : arena + model.inputs[i].offset;
      if (!inputs.Read(input, model.inputs[i].bytes)) return MOTE_RESULT_READ;
    }
    if (counted) {
      CountedInvoke();
    } else {
      model.invoke(arena);
    }
    if (!GuardsHold(arena, model.arena_bytes, &result.guard_offset)) return MOTE_RESULT_GUARD;
    for (uint32_t i = 0; i < model.output_count; ++i) {
      if (!outputs.Write(arena + model.outputs[i].offset, model.outputs[i].bytes)) return MOTE_RESULT_WRITE;
    }
    return MOTE_RESULT_DONE;
  }

  uint32_t Samples() {
    uint32_t outcome = MOTE_RESULT_DONE;
    for (uint32_t sample = 0; sample < sizes.samples; ++sample) {
      result.samples_done = sample;
      if (model.reset != nullptr) model.reset(arena);
      for (uint32_t step = 0; outcome == MOTE_RESULT_DONE && step < sizes.steps; ++step) {
        outcome = Step(sample == 0 && step == model.counted_step);
      }
    }
    return outcome;
  }

  uint32_t Run() {
    if (!inputs.Read(&sizes, sizeof sizes)) return MOTE_RESULT_READ;
    if (sizes.input_bytes != Bytes(model.inputs, model.input_count) ||
        sizes.output_bytes != Bytes(model.outputs, model.output_count)) {
      return MOTE_RESULT_INPUT_BYTES;
    }
    PaintGuards(arena, model.arena_bytes);
    for (uint32_t i = 0; i < model.arena_bytes; ++i) arena[i] = kArenaPaint;
    measured.layers = model.hook == nullptr ? 0 : model.layer_count;
    for (uint32_t i = 0; i < measured.layers; ++i) compiled_layers[i] = mote_count();
    if (const uint32_t outcome = Samples(); outcome != MOTE_RESULT_DONE) return outcome;
    const bool written = outputs.Write(&measured, sizeof measured) &&
                         outputs.Write(compiled_layers, measured.layers * sizeof compiled_layers[0]);
    return written ? MOTE_RESULT_DONE : MOTE_RESULT_WRITE;
  }
};

uint32_t RunJob(const HostFile& inputs, const HostFile& outputs) {
  if (!inputs.ok() || !inputs.Read(&job, sizeof job)) return MOTE_RESULT_BAD_JOB;
  if (job.magic != MOTE_COMPILED_JOB_MAGIC || job.version != MOTE_JOB_VERSION || job.models != kCompiledModelCount) {
    return MOTE_RESULT_BAD_JOB;
  }
  CounterSetUp();
  Count(&result.empty, 0);
  Count(&result.loop, job.loop_instructions);
  for (uint32_t i = 0; i < job.models; ++i) {
    result.models_done = i;
    Runner runner = {kCompiledModels[i], inputs, outputs};
    if (const uint32_t outcome = runner.Run(); outcome != MOTE_RESULT_DONE) return outcome;
  }
  result.models_done = job.models;
  return MOTE_RESULT_DONE;
}

}  // namespace

void Main() {
#if defined(__ARM_ARCH) && __ARM_ARCH == 6
  // The machine that stands for a Cortex-M0 is a larger core's: make it refuse unaligned access as the M0 does.
  volatile uint32_t* const configuration = reinterpret_cast<volatile uint32_t*>(0xe000ed14);
  *configuration = *configuration | 1U << 3;
#endif
  const HostFile outputs(MOTE_RESULT_FILE, FileMode::kWrite);
  if (!outputs.ok()) {
    PrintLine("mote: cannot write " MOTE_RESULT_FILE "\n");
    Exit(1);
  }
  result.magic = MOTE_COMPILED_RESULT_MAGIC;
  result.version = MOTE_JOB_VERSION;
  result.outcome = MOTE_RESULT_RUNNING;
  bool written = outputs.Write(&result, sizeof result);
  const HostFile inputs(MOTE_JOB_FILE, FileMode::kRead);
  result.outcome = RunJob(inputs, outputs);
  result.stack_bytes = StackBytes();
  result.stack_capacity = StackCapacity();
  written = outputs.Seek(0) && outputs.Write(&result, sizeof result) && outputs.Close() && written;
  if (!written) PrintLine("mote: cannot write " MOTE_RESULT_FILE "\n");
  Exit(written ? 0 : 1);
}

}  // namespace mote::device
