#include "export/compiler/build.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "export/compiler/device_sources.h"
#include "export/compiler/elf_file.h"
#include "export/compiler/harness_text.h"
#include "export/compiler/machine.h"

namespace mote::compiler {
namespace {

constexpr char kDevice[] = "mcu_runtime/device/";
constexpr std::chrono::minutes kCompileTime{10};  // for a program's sources, on a machine with much else to do

std::vector<std::string> Words(const std::string& text) { return absl::StrSplit(text, ' ', absl::SkipEmpty()); }

void Append(const std::vector<std::string>& more, std::vector<std::string>* list) {
  list->insert(list->end(), more.begin(), more.end());
}

// As firmware is built: for size; kernels that should be fast say so themselves.
std::vector<std::string> DeviceOptions() {
  return {"-std=c++17", "-Os",     "-DNDEBUG",     "-fno-exceptions",     "-fno-rtti",       "-fno-threadsafe-statics",
          "-Wall",      "-Wextra", "-Wconversion", "-ffunction-sections", "-fdata-sections", "-Wshadow",
          "-Werror"};
}
const std::vector<std::string> kFreestanding = {"-ffreestanding", "-fbuiltin"};

// The line of a compiler's output that says what is wrong.
std::string FirstError(const std::string& output) {
  std::string first;
  for (const absl::string_view line : absl::StrSplit(output, '\n')) {
    if (absl::StrContains(line, "error:") || absl::StrContains(line, "Error:") ||
        absl::StrContains(line, "undefined reference") || absl::StrContains(line, "overflowed")) {
      return std::string(line);
    }
    if (first.empty()) first = std::string(line);
  }
  return first;
}

absl::Status WriteFiles(const std::string& folder, const std::map<std::string, std::string>& files) {
  for (const auto& [name, text] : files) {
    const std::filesystem::path path = std::filesystem::path(folder) / name;
    std::error_code error;
    std::filesystem::create_directories(path.parent_path(), error);
    if (error) return absl::InternalError(absl::StrCat(path.parent_path().string(), ": ", error.message()));
    std::ofstream file(path, std::ios::binary);
    if (!(file << text).flush()) {
      return absl::ResourceExhaustedError(absl::StrCat(path.string(), ": cannot be written: is the disk full?"));
    }
  }
  return absl::OkStatus();
}

std::string ObjectOf(const std::string& source) { return std::filesystem::path(source).stem().string() + ".o"; }

std::vector<std::string> HarnessSources(const Core& core) {
  std::vector<std::string> sources = {"compiled_main.cc", "guard.cc"};
  Append(MachineOf(core).sources, &sources);
  return sources;
}

// Of the program that only holds a model: without counters and files but for the report of a fault.
std::vector<std::string> FirmwareObjects(const Core& core) {
  std::vector<std::string> objects;
  for (const std::string& source : MachineOf(core).sources) {
    if (!absl::StrContains(source, "counter")) objects.push_back(absl::StrCat("harness/", ObjectOf(source)));
  }
  objects.push_back("harness/memory.o");
  return objects;
}

}  // namespace

absl::Status CompiledProgram::RunTool(std::vector<std::string> arguments, const std::string& folder,
                                      const std::string& what) const {
  absl::StatusOr<std::string> compiler = FindCompiler(core_);
  if (!compiler.ok()) return compiler.status();
  arguments.insert(arguments.begin(), *compiler);
  absl::StatusOr<ProcessResult> process = RunProcess(arguments, folder, "", kCompileTime);
  if (!process.ok()) return process.status();
  if (process->exit_code == 0) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(core_.name, ": ", core_.compiler, " does not ", what, ": ",
                                          process->stalled ? "it took too long" : FirstError(process->output)));
}

absl::Status CompiledProgram::Compile(const std::string& folder, const std::vector<std::string>& sources,
                                      const std::vector<std::string>& options) const {
  std::vector<std::string> arguments = Words(core_.flags);
  Append(DeviceOptions(), &arguments);
  Append(options, &arguments);
  Append({"-I.", "-I../models", "-c"}, &arguments);
  Append(sources, &arguments);
  return RunTool(std::move(arguments), absl::StrCat(folder_.path(), "/", folder), "compile the model");
}

absl::Status CompiledProgram::Link(const std::vector<std::string>& objects, const std::string& program,
                                   const std::vector<std::string>& options) const {
  std::vector<std::string> arguments = Words(core_.flags);
  Append(objects, &arguments);
  Append(options, &arguments);
  if (!MachineOf(core_).emulator.empty()) {
    Append({"-nostdlib", "-lgcc", "-T", "memory.ld", absl::StrCat("-Lharness/", kDevice), "-Wl,--gc-sections",
            "-Wl,--build-id=none", "-Wl,--fatal-warnings"},
           &arguments);
  }
  Append({"-o", program}, &arguments);
  return RunTool(std::move(arguments), folder_.path(), "link the program");
}

absl::Status CompiledProgram::WriteSources() const {
  const Machine& machine = MachineOf(core_);
  std::vector<std::string> device;
  for (const std::string& source : HarnessSources(core_)) device.push_back(kDevice + source);
  Append({absl::StrCat(kDevice, "memory.cc"), absl::StrCat(kDevice, "sections.ld")}, &device);
  std::map<std::string, std::string> harness = DeviceSourcesFor(device);
  harness["compiled_table.cc"] = CompiledTableText(models_);
  harness["empty_firmware.cc"] = FirmwareText(nullptr);
  if (absl::Status status = WriteFiles(folder_.path() + "/harness", harness); !status.ok()) return status;
  if (absl::Status status = WriteFiles(folder_.path(), {{"memory.ld", MemoryMap(machine)}}); !status.ok()) {
    return status;
  }
  for (const CompiledModel& model : models_) {
    if (absl::Status status = WriteFiles(folder_.path() + "/models", model.files); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status CompiledProgram::CompileSources() const {
  std::vector<std::string> models;
  for (const CompiledModel& model : models_) models.push_back(model.name + ".cc");
  if (absl::Status status = Compile("models", models, kFreestanding); !status.ok()) return status;
  std::vector<std::string> harness = {"compiled_table.cc"};
  for (const std::string& source : HarnessSources(core_)) harness.push_back(kDevice + source);
  const bool hosted = MachineOf(core_).emulator.empty();
  std::vector<std::string> options = hosted ? std::vector<std::string>() : kFreestanding;
  if (absl::StartsWith(core_.compiler, "arm")) options.push_back("-masm-syntax-unified");
  if (absl::Status status = Compile("harness", harness, options); !status.ok()) return status;
  if (hosted) return absl::OkStatus();
  // Its loops must not become calls of themselves.
  std::vector<std::string> memory = kFreestanding;
  memory.push_back("-fno-tree-loop-distribute-patterns");
  return Compile("harness", {absl::StrCat(kDevice, "memory.cc")}, memory);
}

absl::StatusOr<CompiledProgram> BuildCompiled(std::vector<CompiledModel> models, const std::string& core) {
  absl::StatusOr<Core> found = FindCompilerCore(core);
  if (!found.ok()) return found.status();
  std::set<std::string> names;
  for (const CompiledModel& model : models) {
    if (!names.insert(model.name).second) {
      return absl::InvalidArgumentError(absl::StrCat("two models have the name ", model.name));
    }
  }
  if (absl::StatusOr<std::string> compiler = FindCompiler(*found); !compiler.ok()) return compiler.status();
  absl::StatusOr<TemporaryFolder> folder = TemporaryFolder::Make();
  if (!folder.ok()) return folder.status();
  CompiledProgram program(*found, std::move(models), std::move(*folder));
  if (absl::Status status = program.WriteSources(); !status.ok()) return status;
  if (absl::Status status = program.CompileSources(); !status.ok()) return status;
  std::vector<std::string> objects = {"harness/compiled_table.o"};
  for (const std::string& source : HarnessSources(program.core_)) {
    objects.push_back(absl::StrCat("harness/", ObjectOf(source)));
  }
  if (!MachineOf(program.core_).emulator.empty()) objects.push_back("harness/memory.o");
  for (const CompiledModel& model : program.models_) objects.push_back(absl::StrCat("models/", model.name, ".o"));
  if (absl::Status status = program.Link(objects, "program"); !status.ok()) return status;
  program.program_ = program.folder_.path() + "/program";
  return program;
}

absl::StatusOr<Footprint> CompiledProgram::MeasureFootprint(size_t index) const {
  const CompiledModel& model = models_[index];
  const std::string object = absl::StrCat("models/", model.name, ".o");
  const std::vector<std::string> constants = ConstantNames(model.files.at(model.name + "_constants.h"));
  Footprint footprint;
  if (MachineOf(core_).emulator.empty()) {
    // A program of this machine carries its C library; so the object alone.
    absl::StatusOr<ElfFile> file = ReadElf(absl::StrCat(folder_.path(), "/", object));
    if (!file.ok()) return file.status();
    footprint.constants = file->BytesOf(constants);
    footprint.code = file->flash_bytes - footprint.constants;
    footprint.static_bytes = file->static_bytes;
    return footprint;
  }
  absl::Status status = WriteFiles(folder_.path() + "/harness", {{"firmware.cc", FirmwareText(&model)}});
  if (!status.ok()) return status;
  if (status = Compile("harness", {"firmware.cc", "empty_firmware.cc"}, kFreestanding); !status.ok()) return status;
  std::vector<std::string> objects = FirmwareObjects(core_);
  objects.push_back("harness/empty_firmware.o");
  if (status = Link(objects, "empty_firmware"); !status.ok()) return status;
  objects.back() = "harness/firmware.o";
  objects.push_back(object);
  const std::string arena = absl::StrCat("-Wl,--defsym=mote_arena=", MachineOf(core_).data_origin);
  if (status = Link(objects, "firmware", {arena}); !status.ok()) return status;
  absl::StatusOr<ElfFile> empty = ReadElf(folder_.path() + "/empty_firmware");
  if (!empty.ok()) return empty.status();
  absl::StatusOr<ElfFile> firmware = ReadElf(folder_.path() + "/firmware");
  if (!firmware.ok()) return firmware.status();
  footprint.constants = firmware->BytesOf(constants);
  footprint.code = firmware->flash_bytes - empty->flash_bytes - footprint.constants;
  footprint.static_bytes = firmware->static_bytes - empty->static_bytes;
  return footprint;
}

}  // namespace mote::compiler
