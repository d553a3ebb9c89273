#include "export/compiler/run.h"

#include <chrono>
#include <cmath>
#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "export/compiler/machine.h"
#include "mcu_runtime/device/compiled_job.h"

namespace mote::compiler {
namespace {

constexpr uint32_t kCalibrationLoop = 2'000'000;
constexpr double kCalibrationSlack = 32;  // a call, a return, and less than a poll at each end
constexpr std::chrono::minutes kStall{5};

std::string Where(const CompiledProgram& program) {
  const Core& core = program.core();
  return core.machine.empty() ? core.name : absl::StrCat(core.name, " (", core.machine, ")");
}

int64_t StepBytes(const Inputs& inputs, int64_t bytes) { return bytes * inputs.samples * inputs.steps; }

absl::Status CheckInputs(const CompiledProgram& program, const std::vector<Inputs>& inputs) {
  if (inputs.size() != program.models().size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("inputs of ", inputs.size(), " models for a program of ", program.models().size()));
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    const CompiledModel& model = program.models()[i];
    const int64_t wanted = StepBytes(inputs[i], model.input_bytes);
    if (static_cast<int64_t>(inputs[i].bytes.size()) != wanted || inputs[i].samples < 1 || inputs[i].steps < 1) {
      return absl::InvalidArgumentError(absl::StrFormat("%s: %d input bytes for %d samples of %d steps; it takes %d",
                                                        model.name, inputs[i].bytes.size(), inputs[i].samples,
                                                        inputs[i].steps, wanted));
    }
  }
  return absl::OkStatus();
}

template <typename T>
void Put(std::ofstream& file, const T& value) {
  file.write(reinterpret_cast<const char*>(&value), sizeof value);
}

template <typename T>
bool Get(std::ifstream& file, T* value) {
  return static_cast<bool>(file.read(reinterpret_cast<char*>(value), sizeof *value));
}

absl::Status WriteJob(const CompiledProgram& program, const std::vector<Inputs>& inputs, const std::string& folder) {
  std::ofstream file(absl::StrCat(folder, "/" MOTE_JOB_FILE), std::ios::binary);
  Put(file, mote_compiled_job{MOTE_COMPILED_JOB_MAGIC, MOTE_JOB_VERSION, static_cast<uint32_t>(inputs.size()),
                              kCalibrationLoop});
  for (size_t i = 0; i < inputs.size(); ++i) {
    const CompiledModel& model = program.models()[i];
    Put(file,
        mote_compiled_model_job{static_cast<uint32_t>(inputs[i].samples), static_cast<uint32_t>(inputs[i].steps),
                                static_cast<uint32_t>(model.input_bytes), static_cast<uint32_t>(model.output_bytes)});
    file << inputs[i].bytes;
  }
  if (file.flush()) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(folder, ": cannot write the inputs: is the disk full?"));
}

absl::Status ProcessError(const CompiledProgram& program, const ProcessResult& process) {
  if (process.stalled) {
    return absl::DeadlineExceededError(
        absl::StrCat(Where(program), ": no output for ", kStall.count(), " minutes: the program was killed"));
  }
  std::string line;
  for (const absl::string_view text : absl::StrSplit(process.output, '\n')) {
    if (!text.empty() && line.empty() && !absl::StrContains(text, "warning:")) line = absl::StrCat(": ", text);
  }
  const std::string end = process.signal != 0 ? absl::StrCat("was ended by signal ", process.signal)
                                              : absl::StrCat("ended with exit code ", process.exit_code);
  return absl::InternalError(absl::StrCat(Where(program), ": the program ", end, line));
}

absl::Status OutcomeError(const CompiledProgram& program, const mote_compiled_result& result) {
  const std::string model =
      result.models_done < program.models().size() ? program.models()[result.models_done].name : "after the last model";
  const std::string where = absl::StrCat(Where(program), ": ", model, ", sample ", result.samples_done, ": ");
  switch (result.outcome) {
    case MOTE_RESULT_GUARD:
      return absl::InternalError(
          absl::StrCat(where, "a byte outside of the arena was written, at offset ", result.guard_offset));
    case MOTE_RESULT_WRITE:
      return absl::ResourceExhaustedError(absl::StrCat(where, "outputs could not be written: is the disk full?"));
    default:
      return absl::InternalError(absl::StrCat(where, "the program ended with outcome ", result.outcome));
  }
}

// The head of the result, once it is whole and sound.
absl::StatusOr<mote_compiled_result> ReadHead(const CompiledProgram& program, std::ifstream& file) {
  mote_compiled_result result = {};
  if (!Get(file, &result) || result.magic != MOTE_COMPILED_RESULT_MAGIC) {
    return absl::InternalError(absl::StrCat(Where(program), ": the program left no result that can be read"));
  }
  const Machine& machine = MachineOf(program.core());
  // First of all, for nothing else is to be believed then: the stack has run into other memory.
  if (!machine.emulator.empty() && result.stack_bytes >= result.stack_capacity) {
    return absl::InternalError(
        absl::StrCat(Where(program), ": the stack of ", result.stack_capacity, " bytes was used up"));
  }
  if (result.outcome != MOTE_RESULT_DONE) return OutcomeError(program, result);
  const double loop = Instructions(machine, result.loop, result.empty);
  if (!machine.emulator.empty() && std::abs(loop - kCalibrationLoop) > kCalibrationSlack) {
    return absl::InternalError(absl::StrFormat(
        "%s: the instruction counter reads %.0f for a loop of %u: this QEMU counts differently; 7.2 is known to work",
        Where(program), loop, kCalibrationLoop));
  }
  return result;
}

}  // namespace

absl::StatusOr<std::vector<CompiledRun>> RunCompiled(const CompiledProgram& program,
                                                     const std::vector<Inputs>& inputs) {
  if (absl::Status status = CheckInputs(program, inputs); !status.ok()) return status;
  absl::StatusOr<std::vector<std::string>> arguments = RunArguments(program.core(), program.path());
  if (!arguments.ok()) return arguments.status();
  absl::StatusOr<TemporaryFolder> folder = TemporaryFolder::Make();
  if (!folder.ok()) return folder.status();
  if (absl::Status status = WriteJob(program, inputs, folder->path()); !status.ok()) return status;
  absl::StatusOr<ProcessResult> process = RunProcess(*arguments, folder->path(), MOTE_RESULT_FILE, kStall);
  if (!process.ok()) return process.status();
  if (process->stalled || process->exit_code != 0) return ProcessError(program, *process);

  std::ifstream file(absl::StrCat(folder->path(), "/" MOTE_RESULT_FILE), std::ios::binary);
  const absl::StatusOr<mote_compiled_result> head = ReadHead(program, file);
  if (!head.ok()) return head.status();
  const auto count = [&](const mote_count& c) {
    return c.regions == 0 ? 0 : std::llround(Instructions(MachineOf(program.core()), c, head->empty));
  };
  std::vector<CompiledRun> runs(inputs.size());
  for (size_t i = 0; i < runs.size(); ++i) {
    runs[i].outputs.resize(static_cast<size_t>(StepBytes(inputs[i], program.models()[i].output_bytes)));
    mote_compiled_model_result measured = {};
    file.read(runs[i].outputs.data(), static_cast<std::streamsize>(runs[i].outputs.size()));
    if (!Get(file, &measured)) return absl::InternalError(absl::StrCat(Where(program), ": the result is too short"));
    runs[i].instructions = count(measured.invoke);
    runs[i].stack_bytes = measured.stack_bytes;
    for (uint32_t layer = 0; layer < measured.layers; ++layer) {
      mote_count counted = {};
      if (!Get(file, &counted)) return absl::InternalError(absl::StrCat(Where(program), ": the result is too short"));
      runs[i].layers.push_back(count(counted));
    }
  }
  return runs;
}

}  // namespace mote::compiler
