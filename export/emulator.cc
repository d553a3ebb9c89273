#include "export/emulator.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <limits>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "datasets/nearest.h"
#include "export/device_program.h"
#include "export/emulator_process.h"
#include "export/qemu.h"
#include "mcu_runtime/device/job.h"
#include "mcu_runtime/mote_runtime.h"

namespace mote {
namespace {

// One machine and its memory map, of which mcu_runtime/device/<core>.ld has the program's part.
struct Machine {
  const char* core;
  const char* name;
  const char* emulator;
  uint32_t model_address, model_capacity;
  uint32_t arena_address, arena_capacity;  // guards included
  double tick_instructions;                // of the counter: nanoseconds at -icount shift=0
};

constexpr uint32_t kKiB = 1U << 10, kMiB = 1U << 20;

// Tried in this order; a second one of a core takes what is too large for the first.
constexpr Machine kMachines[] = {
    {"cortex-m0", "microbit", "qemu-system-arm", 128 * kKiB, 128 * kKiB, 0x20001000, 12 * kKiB, 62.5},
    {"cortex-m0", "mps2-an385", "qemu-system-arm", 0x00080000, 3584 * kKiB, 0x21000000, 16 * kMiB, 40},
    {"cortex-m3", "mps2-an385", "qemu-system-arm", 0x00080000, 3584 * kKiB, 0x21000000, 16 * kMiB, 40},
    {"cortex-m4", "mps2-an386", "qemu-system-arm", 0x00080000, 3584 * kKiB, 0x21000000, 16 * kMiB, 40},
    {"cortex-m7", "mps2-an500", "qemu-system-arm", 0x00080000, 3584 * kKiB, 0x60000000, 16 * kMiB, 40},
    {"cortex-m33", "mps2-an505", "qemu-system-arm", 0x10080000, 3584 * kKiB, 0x80000000, 16 * kMiB, 50},
    {"cortex-m55", "mps3-an547", "qemu-system-arm", 0x38000000, 8 * kMiB, 0x70000000, 64 * kMiB, 31.25},
    {"riscv32", "virt", "qemu-system-riscv32", 0x80100000, 31 * kMiB, 0x82000000, 96 * kMiB, 1},
};

constexpr uint32_t kCalibrationLoop = 2'000'000;
constexpr int64_t kCalibrationSlack = 32;              // a call, a return, and less than a poll at each end
constexpr int64_t kMaxFileBytes = int64_t{256} << 20;  // of a job or a result; more samples take more jobs
constexpr int64_t kCountedWithTrace = 4;  // samples that run twice because they are both counted and traced

std::vector<const Machine*> MachinesOf(const std::string& core) {
  std::vector<const Machine*> machines;
  for (const Machine& machine : kMachines) {
    if (machine.core == core) machines.push_back(&machine);
  }
  return machines;
}

int64_t ArenaBytes(const Machine& machine) { return int64_t{machine.arena_capacity} - 2 * int64_t{MOTE_GUARD_BYTES}; }

struct Job {
  mote_job header = {};
  const std::string* model = nullptr;  // none for a job without one
  std::vector<const char*> inputs;     // of the first sample, one an input; samples follow each other
  std::vector<int64_t> input_bytes;    // of one sample
};

// "cortex-m4 (mps2-an386)": how errors begin.
std::string Where(const Machine& machine) { return absl::StrCat(machine.core, " (", machine.name, ")"); }

absl::Status WriteFiles(const Job& job, const std::string& folder) {
  std::ofstream file(folder + "/" MOTE_JOB_FILE, std::ios::binary);
  file.write(reinterpret_cast<const char*>(&job.header), sizeof job.header);
  for (uint32_t sample = 0; sample < job.header.samples; ++sample) {
    for (size_t i = 0; i < job.inputs.size(); ++i) {
      file.write(job.inputs[i] + sample * job.input_bytes[i], job.input_bytes[i]);
    }
  }
  file.close();
  std::ofstream model(folder + "/model.bin", std::ios::binary);
  if (job.model != nullptr) model.write(job.model->data(), static_cast<std::streamsize>(job.model->size()));
  model.close();
  if (file && model) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(folder, ": cannot write the emulator's files: is the disk full?"));
}

// The first line that says something, warnings of QEMU's own left out; empty where there is none.
std::string FirstLine(const std::string& output) {
  for (const absl::string_view line : absl::StrSplit(output, '\n')) {
    if (!line.empty() && line.find("warning:") == absl::string_view::npos) return std::string(line);
  }
  return "";
}

absl::Status ProcessError(const Machine& machine, const ProcessResult& process, std::chrono::milliseconds stall) {
  if (process.stalled) {
    return absl::DeadlineExceededError(absl::StrFormat("%s: no progress for %.1f s: the emulator was killed",
                                                       Where(machine), static_cast<double>(stall.count()) / 1000));
  }
  const std::string line = FirstLine(process.output);
  const std::string end = process.signal != 0 ? absl::StrCat("was ended by signal ", process.signal)
                                              : absl::StrCat("ended with exit code ", process.exit_code);
  return absl::InternalError(absl::StrCat(Where(machine), ": the emulator ", end, line.empty() ? "" : ": ", line));
}

absl::Status OutcomeError(const Machine& machine, const mote_result& result, const mote_job& job) {
  const std::string where = Where(machine);
  const char* status_text = mote_status_text(static_cast<mote_status>(result.status));
  switch (result.outcome) {
    case MOTE_RESULT_REFUSED: {
      if (result.status == MOTE_ERROR_ARENA_TOO_SMALL) {
        const std::string needed =
            result.arena_bytes == 0 ? "a larger arena" : absl::StrCat("an arena of ", result.arena_bytes, " bytes");
        return absl::ResourceExhaustedError(
            absl::StrCat(where, ": the model needs ", needed, "; the machine has ", ArenaBytes(machine), " for it"));
      }
      std::string at;
      if (result.error_op >= 0) absl::StrAppend(&at, " at operator ", result.error_op);
      if (result.error_tensor >= 0) absl::StrAppend(&at, " at tensor ", result.error_tensor);
      return absl::InvalidArgumentError(
          absl::StrCat(where, ": the runtime refuses the model", at, ": ", status_text, " (", result.status, ")"));
    }
    case MOTE_RESULT_INPUT_BYTES:
      return absl::InternalError(absl::StrCat(where, ": the model takes ", result.record_bytes,
                                              " input bytes a sample on the device and ", job.input_bytes, " here"));
    case MOTE_RESULT_INVOKE:
      return absl::InternalError(absl::StrCat(where, ": sample ", result.samples_done, ": ", status_text));
    case MOTE_RESULT_GUARD:
      return absl::InternalError(absl::StrCat(where, ": sample ", result.samples_done,
                                              ": the runtime wrote outside of its arena, at byte ", result.guard_offset,
                                              " of ", result.arena_bytes));
    case MOTE_RESULT_WRITE:
      return absl::ResourceExhaustedError(
          absl::StrCat(where, ": sample ", result.samples_done, ": results could not be written: is the disk full?"));
    default:
      return absl::InternalError(absl::StrCat(where, ": the device program ended with outcome ", result.outcome,
                                              " at sample ", result.samples_done, "; is it of this version?"));
  }
}

// Runs the job in `folder` and leaves `stream` at the first record. Only a result that is whole and sound is OK.
absl::StatusOr<mote_result> RunJob(const Machine& machine, const Job& job, const TemporaryFolder& folder,
                                   std::chrono::milliseconds stall, std::ifstream* stream) {
  absl::StatusOr<std::string> emulator = FindQemu(machine.emulator, machine.core);
  if (!emulator.ok()) return emulator.status();
  absl::StatusOr<std::string> program = FindDeviceProgram(machine.core);
  if (!program.ok()) return program.status();
  if (absl::Status written = WriteFiles(job, folder.path()); !written.ok()) return written;

  std::vector<std::string> arguments = QemuArguments(*emulator, machine.name, *program);
  if (job.model != nullptr) {
    arguments.insert(arguments.end(), {"-device", absl::StrFormat("loader,file=model.bin,addr=0x%x,force-raw=on",
                                                                  machine.model_address)});
  }
  absl::StatusOr<ProcessResult> process = RunProcess(arguments, folder.path(), MOTE_RESULT_FILE, stall);
  if (!process.ok()) return process.status();
  if (process->stalled || process->exit_code != 0) return ProcessError(machine, *process, stall);

  mote_result result = {};
  stream->open(folder.path() + "/" MOTE_RESULT_FILE, std::ios::binary);
  stream->read(reinterpret_cast<char*>(&result), sizeof result);
  if (!*stream || result.magic != MOTE_RESULT_MAGIC || result.version != MOTE_JOB_VERSION) {
    return absl::InternalError(absl::StrCat(Where(machine), ": ", *program,
                                            " left no result that can be read; is it of "
                                            "this version?"));
  }
  // First of all, for nothing else is to be believed then: the stack has run into other memory.
  if (result.outcome != MOTE_RESULT_RUNNING && result.stack_bytes >= result.stack_capacity) {
    return absl::InternalError(
        absl::StrCat(Where(machine), ": the stack of ", result.stack_capacity, " bytes was used up"));
  }
  if (result.outcome == MOTE_RESULT_RUNNING) return ProcessError(machine, *process, stall);
  if (result.outcome != MOTE_RESULT_DONE) {
    return OutcomeError(machine, result, job.header);
  }
  const bool calibrated = job.header.command != MOTE_JOB_COUNT_LOOP && (job.header.flags & MOTE_JOB_COUNT) != 0;
  if (calibrated) {
    const double loop = CountedInstructions(machine.tick_instructions, result.loop, result.empty);
    if (std::abs(loop - kCalibrationLoop) > kCalibrationSlack) {
      return absl::InternalError(absl::StrFormat(
          "%s: the instruction counter reads %.0f for a loop of %u: this QEMU counts differently; 7.2 is known to work",
          Where(machine), loop, kCalibrationLoop));
    }
  }
  return result;
}

mote_job NewJob(const Machine& machine, uint32_t command, uint32_t flags) {
  mote_job header = {};
  header.magic = MOTE_JOB_MAGIC;
  header.version = MOTE_JOB_VERSION;
  header.command = command;
  header.flags = flags;
  header.model_address = machine.model_address;
  header.arena_address = machine.arena_address;
  header.arena_capacity = machine.arena_capacity;
  header.loop_instructions = kCalibrationLoop;
  return header;
}

torch::ScalarType TorchType(const std::string& type) {
  if (type == "uint8") return torch::kUInt8;
  if (type == "int16") return torch::kInt16;
  if (type == "int32") return torch::kInt32;
  if (type == "int64") return torch::kInt64;
  if (type == "float32") return torch::kFloat32;
  if (type == "bool") return torch::kBool;
  return torch::kInt8;
}

std::vector<int64_t> Stacked(int64_t samples, const std::vector<int64_t>& shape) {
  std::vector<int64_t> stacked = {samples};
  const bool batch_of_one = !shape.empty() && shape[0] == 1;
  stacked.insert(stacked.end(), shape.begin() + (batch_of_one ? 1 : 0), shape.end());
  return stacked;
}

// The inputs on the CPU and contiguous, once they are what the model takes.
absl::StatusOr<std::vector<torch::Tensor>> CheckInputs(const RuntimeModel& model,
                                                       const std::vector<torch::Tensor>& inputs) {
  if (inputs.empty() || inputs.size() != model.inputs().size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(inputs.size(), " inputs given; the model has ", model.inputs().size()));
  }
  std::vector<torch::Tensor> checked;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const TensorInfo& info = model.tensors()[model.inputs()[i]];
    if (!inputs[i].defined() || inputs[i].scalar_type() != TorchType(info.type)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "input ", i, " '", info.name, "' is ",
          inputs[i].defined() ? torch::toString(inputs[i].scalar_type()) : "missing", "; the model takes ", info.type));
    }
    const int64_t samples = inputs[i].dim() == 0 ? 0 : inputs[0].size(0);
    const std::vector<int64_t> shape = Stacked(samples, info.shape);
    if (inputs[i].sizes() != torch::IntArrayRef(shape)) {
      return absl::InvalidArgumentError(absl::StrCat("input ", i, " '", info.name, "' has the shape [",
                                                     absl::StrJoin(inputs[i].sizes(), ", "),
                                                     "]; the model takes [samples", shape.size() > 1 ? ", " : "",
                                                     absl::StrJoin(shape.begin() + 1, shape.end(), ", "), "]"));
    }
    checked.push_back(inputs[i].cpu().contiguous());
  }
  return checked;
}

// Where each piece of a record goes: the order in which the device writes (job.h).
struct Piece {
  char* base;
  int64_t bytes;  // of one sample
};

std::vector<Piece> MakeRecord(const RuntimeModel& model, int64_t samples, bool keep, RuntimeModel::Result* result) {
  std::vector<Piece> record;
  const auto add = [&](int index, torch::Tensor* to) {
    const TensorInfo& info = model.tensors()[index];
    *to = torch::empty(Stacked(samples, info.shape), TorchType(info.type));
    record.push_back({static_cast<char*>(to->data_ptr()), info.bytes});
  };
  if (keep) {
    for (const int index : model.inputs()) add(index, &result->tensors[index]);
    for (const OperatorInfo& op : model.operators()) {
      for (const int index : op.outputs) add(index, &result->tensors[index]);
    }
  }
  result->outputs.resize(model.outputs().size());
  for (size_t i = 0; i < model.outputs().size(); ++i) add(model.outputs()[i], &result->outputs[i]);
  return record;
}

absl::StatusOr<EmulatedRun> InvokeOnMachine(const Machine& machine, const RuntimeModel& model,
                                            const std::vector<torch::Tensor>& inputs, bool keep,
                                            const EmulatorOptions& options) {
  using Sabotage = EmulatorOptions::Sabotage;
  if (static_cast<int64_t>(model.bytes().size()) > machine.model_capacity) {
    return absl::ResourceExhaustedError(absl::StrCat(Where(machine), ": the model is ", model.bytes().size(),
                                                     " bytes; the machine has ", machine.model_capacity, " for it"));
  }
  EmulatedRun run;
  run.machine = machine.name;
  const int64_t samples = inputs[0].size(0);
  const std::vector<Piece> record = MakeRecord(model, samples, keep, &run.result);
  int64_t record_bytes = 0, input_bytes = 0;
  for (const Piece& piece : record) record_bytes += piece.bytes;

  Job job;
  job.model = &model.bytes();
  job.header = NewJob(machine,
                      options.sabotage == Sabotage::kUndefinedInstruction ? MOTE_JOB_FAULT
                      : options.sabotage == Sabotage::kEndlessLoop        ? MOTE_JOB_HANG
                      : options.sabotage == Sabotage::kArenaOverrun       ? MOTE_JOB_OVERRUN
                                                                          : MOTE_JOB_INVOKE,
                      MOTE_JOB_COUNT | (keep ? MOTE_JOB_TRACE : 0));
  for (const int index : model.inputs()) {
    job.input_bytes.push_back(model.tensors()[index].bytes);
    input_bytes += job.input_bytes.back();
  }
  job.header.model_bytes = static_cast<uint32_t>(model.bytes().size());
  job.header.input_bytes = static_cast<uint32_t>(input_bytes);

  const int64_t chunk = std::max<int64_t>(1, kMaxFileBytes / std::max<int64_t>({1, record_bytes, input_bytes}));
  double instructions = 0;
  int64_t counted = 0;
  std::vector<char> buffer(static_cast<size_t>(record_bytes));
  for (int64_t begin = 0; begin == 0 || begin < samples; begin += chunk) {
    job.header.samples = static_cast<uint32_t>(std::min(chunk, samples - begin));
    job.header.counted_samples =
        keep ? static_cast<uint32_t>(std::max<int64_t>(0, kCountedWithTrace - begin)) : job.header.samples;
    job.inputs.clear();
    for (size_t i = 0; i < inputs.size(); ++i) {
      job.inputs.push_back(static_cast<const char*>(inputs[i].data_ptr()) + begin * job.input_bytes[i]);
    }
    absl::StatusOr<TemporaryFolder> folder = TemporaryFolder::Make();
    if (!folder.ok()) return folder.status();
    std::ifstream stream;
    absl::StatusOr<mote_result> done = RunJob(machine, job, *folder, options.stall, &stream);
    if (!done.ok()) return done.status();
    if (done->samples_done != job.header.samples || (samples != 0 && done->record_bytes != record_bytes)) {
      return absl::InternalError(absl::StrCat(Where(machine), ": the device wrote ", done->samples_done, " samples of ",
                                              done->record_bytes, " bytes; expected ", job.header.samples, " of ",
                                              record_bytes));
    }
    for (int64_t sample = begin; sample < begin + job.header.samples; ++sample) {
      if (!stream.read(buffer.data(), record_bytes)) {
        return absl::InternalError(absl::StrCat(Where(machine), ": the result ends within sample ", sample));
      }
      const char* from = buffer.data();
      for (const Piece& piece : record) {
        std::memcpy(piece.base + sample * piece.bytes, from, static_cast<size_t>(piece.bytes));
        from += piece.bytes;
      }
    }
    instructions += CountedInstructions(machine.tick_instructions, done->invoke, done->empty);
    counted += done->invoke.regions;
    run.load_instructions = std::llround(CountedInstructions(machine.tick_instructions, done->load, done->empty));
    run.arena_bytes = done->arena_bytes;
    run.stack_bytes = std::max<int64_t>(run.stack_bytes, done->stack_bytes);
  }
  run.instructions = counted == 0 ? 0 : std::llround(instructions / static_cast<double>(counted));
  return run;
}

}  // namespace

const std::vector<CoreInfo>& EmulatedCores() {
  static const auto* cores = [] {
    auto* list = new std::vector<CoreInfo>;
    for (const Machine& machine : kMachines) {
      if (!list->empty() && list->back().name == machine.core) continue;
      list->push_back({machine.core, machine.name, ArenaBytes(machine), machine.model_capacity});
    }
    return list;
  }();
  return *cores;
}

absl::StatusOr<CoreInfo> FindCore(const std::string& name) {
  std::vector<std::string> names;
  for (const CoreInfo& core : EmulatedCores()) {
    if (core.name == name) return core;
    names.push_back(core.name);
  }
  return absl::NotFoundError(absl::StrCat("no core '", name, "'; did you mean ", Nearest(name, names), "? There are ",
                                          absl::StrJoin(names, ", ")));
}

absl::Status CoreAvailable(const std::string& core) {
  absl::StatusOr<CoreInfo> info = FindCore(core);
  if (!info.ok()) return info.status();
  absl::StatusOr<std::string> emulator = FindQemu(MachinesOf(core).front()->emulator, core);
  if (!emulator.ok()) return emulator.status();
  return FindDeviceProgram(core).status();
}

absl::StatusOr<EmulatedRun> InvokeOnCore(const std::string& core, const RuntimeModel& model,
                                         const std::vector<torch::Tensor>& inputs, bool keep,
                                         const EmulatorOptions& options) {
  if (absl::StatusOr<CoreInfo> info = FindCore(core); !info.ok()) return info.status();
  absl::StatusOr<std::vector<torch::Tensor>> checked = CheckInputs(model, inputs);
  if (!checked.ok()) return checked.status();
  absl::StatusOr<EmulatedRun> run;
  for (const Machine* machine : MachinesOf(core)) {
    run = InvokeOnMachine(*machine, model, *checked, keep, options);
    if (run.ok() || !absl::IsResourceExhausted(run.status())) break;
  }
  return run;
}

absl::StatusOr<int64_t> CountLoop(const std::string& core, int64_t instructions) {
  if (absl::StatusOr<CoreInfo> info = FindCore(core); !info.ok()) return info.status();
  if (instructions < 2 || instructions % 2 != 0 || instructions > std::numeric_limits<uint32_t>::max()) {
    return absl::InvalidArgumentError(
        absl::StrCat("a loop of ", instructions, " instructions: must be even, and from 2 to 4294967294"));
  }
  const Machine& machine = *MachinesOf(core).front();
  absl::StatusOr<TemporaryFolder> folder = TemporaryFolder::Make();
  if (!folder.ok()) return folder.status();
  Job job;
  job.header = NewJob(machine, MOTE_JOB_COUNT_LOOP, MOTE_JOB_COUNT);
  job.header.loop_instructions = static_cast<uint32_t>(instructions);
  std::ifstream stream;
  absl::StatusOr<mote_result> result = RunJob(machine, job, *folder, EmulatorOptions().stall, &stream);
  if (!result.ok()) return result.status();
  return std::llround(CountedInstructions(machine.tick_instructions, result->loop, result->empty));
}

}  // namespace mote
