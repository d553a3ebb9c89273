#include "export/compiler/interpreter.h"

#include <chrono>
#include <cmath>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "export/compiler/machine.h"
#include "export/device_program.h"

namespace mote::compiler {
namespace {

constexpr uint32_t kCalibrationLoop = 2000;
constexpr std::chrono::minutes kStall{5};

absl::Status WriteJob(const mote_job& job, const std::string& file, const std::string& input,
                      const std::string& folder) {
  std::ofstream out(absl::StrCat(folder, "/" MOTE_JOB_FILE), std::ios::binary);
  out.write(reinterpret_cast<const char*>(&job), sizeof job);
  out << input;
  std::ofstream model(absl::StrCat(folder, "/model.bin"), std::ios::binary);
  model << file;
  if (out.flush() && model.flush()) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(folder, ": cannot write the emulator's files: is the disk full?"));
}

}  // namespace

absl::StatusOr<InterpreterRun> RunInterpreter(const Core& core, const std::string& file, const Inputs& inputs) {
  const Machine& machine = MachineOf(core);
  if (machine.emulator.empty()) return absl::FailedPreconditionError("there is no emulated machine for this core");
  // The M0+ has the instructions of the M0.
  const absl::StatusOr<std::string> program = FindDeviceProgram(core.name == "cortex-m0plus" ? "cortex-m0" : core.name);
  if (!program.ok()) return program.status();
  absl::StatusOr<std::vector<std::string>> arguments = RunArguments(core, *program);
  if (!arguments.ok()) return arguments.status();
  arguments->insert(arguments->end(),
                    {"-device", absl::StrFormat("loader,file=model.bin,addr=0x%x,force-raw=on", machine.model_origin)});
  absl::StatusOr<TemporaryFolder> folder = TemporaryFolder::Make();
  if (!folder.ok()) return folder.status();

  const size_t input_bytes = inputs.bytes.size() / static_cast<size_t>(inputs.samples * inputs.steps);
  mote_job job = {};
  job.magic = MOTE_JOB_MAGIC;
  job.version = MOTE_JOB_VERSION;
  job.command = MOTE_JOB_INVOKE;
  job.flags = MOTE_JOB_COUNT;
  job.model_address = machine.model_origin;
  job.model_bytes = static_cast<uint32_t>(file.size());
  job.arena_address = machine.data_origin;
  job.arena_capacity = machine.data_bytes;
  job.samples = job.counted_samples = 1;
  job.input_bytes = static_cast<uint32_t>(input_bytes);
  job.loop_instructions = kCalibrationLoop;
  if (absl::Status status = WriteJob(job, file, inputs.bytes.substr(0, input_bytes), folder->path()); !status.ok()) {
    return status;
  }
  const absl::StatusOr<ProcessResult> process = RunProcess(*arguments, folder->path(), MOTE_RESULT_FILE, kStall);
  if (!process.ok()) return process.status();
  mote_result result = {};
  std::ifstream(absl::StrCat(folder->path(), "/" MOTE_RESULT_FILE), std::ios::binary)
      .read(reinterpret_cast<char*>(&result), sizeof result);
  if (process->exit_code != 0 || result.magic != MOTE_RESULT_MAGIC || result.outcome != MOTE_RESULT_DONE) {
    return absl::InternalError(absl::StrCat(core.name, " (", core.machine,
                                            "): the runtime's program ended with outcome ", result.outcome, "; is ",
                                            *program, " of this version?"));
  }
  InterpreterRun run;
  run.instructions = std::llround(Instructions(machine, result.invoke, result.empty));
  run.load_instructions = std::llround(Instructions(machine, result.load, result.empty));
  run.arena_bytes = result.arena_bytes;
  run.stack_bytes = result.stack_bytes;
  return run;
}

}  // namespace mote::compiler
