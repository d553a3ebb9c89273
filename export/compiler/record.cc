// Compiled with the recording copy of the runtime (CMakeLists.txt): mote::device is mote::recorded here.
#include "export/compiler/record.h"

#include <cstring>
#include <memory>
#include <mutex>
#include <regex>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "cxxabi.h"
#include "export/compiler/recording.h"
#include "mcu_runtime/loader.h"
#include "mcu_runtime/mote_runtime.h"
#include "mcu_runtime/operators/operators.h"

namespace mote::device {

// The rows of operators.def as this copy has them.
#define MOTE_OPERATOR(symbol, name, code, function, options, slots, types, inputs_min, inputs_max, outputs, memory) \
  static constexpr mote_operator kRow_##symbol = {function,   code,       options, slots, types,                    \
                                                  inputs_min, inputs_max, outputs, memory};
#include "mcu_runtime/operators.def"
#undef MOTE_OPERATOR
static constexpr const mote_operator* kRows[] = {
#define MOTE_OPERATOR(symbol, ...) &kRow_##symbol,
#include "mcu_runtime/operators.def"
#undef MOTE_OPERATOR
    nullptr};
static constexpr const char* kSymbols[] = {
#define MOTE_OPERATOR(symbol, ...) #symbol,
#include "mcu_runtime/operators.def"
#undef MOTE_OPERATOR
};
static constexpr const char* kNames[] = {
#define MOTE_OPERATOR(symbol, name, ...) #name,
#include "mcu_runtime/operators.def"
#undef MOTE_OPERATOR
};

}  // namespace mote::device

namespace mote::compiler {
namespace {

using device::Graph;
using device::kNoOffset;
using device::kOwnMemory;

constexpr uint32_t kPlaceAlignment = 64;
// Where activations and state seem to lie: nothing is there.
constexpr uintptr_t kSharedBase = uintptr_t{1} << 44;
constexpr uintptr_t kOwnBase = uintptr_t{2} << 44;

const char* TypeName(int32_t type) {
  switch (type) {
    case MOTE_FLOAT32:
      return "float32";
    case MOTE_INT32:
      return "int32";
    case MOTE_UINT8:
      return "uint8";
    case MOTE_INT64:
      return "int64";
    case MOTE_BOOL:
      return "bool";
    case MOTE_INT16:
      return "int16";
    case MOTE_INT8:
      return "int8";
    case MOTE_INT4:
      return "int4";
    default:
      return "resource";
  }
}

class ModelRecorder {
 public:
  explicit ModelRecorder(std::string file) { model_.file = std::move(file); }

  absl::StatusOr<RecordedModel> Record() {
    if (absl::Status status = Verify(); !status.ok()) return status;
    if (graph_.Open(model_.file.data(), model_.file.size()) != MOTE_OK) return absl::InternalError("it does not open");
    if (absl::Status status = Load(); !status.ok()) return status;
    ReadTensors();
    if (absl::Status status = PlaceTensors(); !status.ok()) return status;
    if (absl::Status status = InitializeState(); !status.ok()) return status;
    RecordOperators();
    ReadMetadata();
    for (uint32_t i = 0; i < graph_.inputs.size; ++i) {
      model_.inputs.push_back(graph_.file.ElementI32(graph_.inputs, i));
    }
    for (uint32_t i = 0; i < graph_.outputs.size; ++i) {
      model_.outputs.push_back(graph_.file.ElementI32(graph_.outputs, i));
    }
    return std::move(model_);
  }

 private:
  // By the runtime itself, in its own words.
  absl::Status Verify() {
    mote_memory memory;
    mote_fault fault;
    const mote_status status =
        mote_model_memory(mote_all_operators, model_.file.data(), model_.file.size(), &memory, &fault);
    if (status == MOTE_OK) return absl::OkStatus();
    std::string text = mote_status_text(status);
    if (fault.op >= 0) {
      const std::string name = mote_operator_name(fault.code);
      absl::StrAppend(&text, ", operator ", fault.op, " (",
                      name.empty() ? absl::StrCat("builtin operator ", fault.code) : name, ")");
    }
    if (fault.tensor >= 0) absl::StrAppend(&text, ", tensor ", fault.tensor);
    return absl::InvalidArgumentError(text);
  }

  // Gives state its places within `own_`, and asks each operator for its scratch.
  absl::Status Load() {
    own_.resize((model_.file.size() + (size_t{1} << 20)) / 4);
    runtime_.graph = graph_;
    runtime_.operators = device::kRows;
    mote_fault fault;
    mote_memory needed;
    mote_status status = MOTE_ERROR_LIMIT;
    for (int attempt = 0; attempt < 10 && (status == MOTE_ERROR_LIMIT || status == MOTE_ERROR_ARENA_TOO_SMALL);
         ++attempt) {
      own_.assign(2 * own_.size(), 0);
      runtime_.memory = device::Memory();
      const device::PlanMemory memory = {own_.data(), 4 * own_.size(), nullptr, 0, false};
      runtime_.graph = graph_;
      status = device::Loader(&runtime_, memory, &fault).Run(&needed);
    }
    if (status != MOTE_OK) return absl::InternalError(absl::StrCat("not loaded again: ", mote_status_text(status)));
    tables_ = needed.own - runtime_.memory.state_bytes;
    state_bytes_ = runtime_.memory.state_bytes;
    return absl::OkStatus();
  }

  void ReadTensors() {
    for (uint32_t t = 0; t < graph_.tensors.size; ++t) {
      device::TensorInfo info;
      FileTensor tensor;
      tensor.index = static_cast<int>(t);
      if (graph_.ReadTensor(static_cast<int32_t>(t), &info) == MOTE_OK) {
        tensor.type = TypeName(info.type);
        for (int d = 0; d < info.dimensions; ++d) tensor.shape.push_back(info.shape[d]);
        for (uint32_t i = 0; i < info.scales.size; ++i) {
          const uint32_t bits = graph_.file.U32(info.scales.at + 4 * i);
          float scale;
          std::memcpy(&scale, &bits, sizeof scale);
          tensor.scales.push_back(scale);
          tensor.zero_points.push_back(info.zero_points_at != 0 ? graph_.file.I32(info.zero_points_at + 8 * i) : 0);
        }
        tensor.bytes = info.bytes;
        tensor.constant = info.constant;
      }
      tensor.name = NameOf(t);
      model_.tensors.push_back(std::move(tensor));
      graph_.file.status = MOTE_OK;  // of a tensor that no operator uses, whatever it holds
    }
  }

  std::string NameOf(uint32_t t) {
    enum : uint32_t { kName = 3 };
    const device::Table table = graph_.file.ElementTable(graph_.tensors, t);
    const device::Vector name = graph_.file.FieldVector(table, kName, 1);
    return name.at == 0 ? "" : std::string(model_.file, name.at, name.size);
  }

  // Every activation has a place of its own, but where an operator's output is its input's bytes.
  absl::Status PlaceTensors() {
    uint32_t* offsets = runtime_.memory.offsets;
    uint64_t next = 0;
    const auto place = [&next](uint64_t bytes) {
      const uint64_t at = next;
      next += (bytes + kPlaceAlignment) / kPlaceAlignment * kPlaceAlignment;
      return static_cast<uint32_t>(at);
    };
    for (FileTensor& tensor : model_.tensors) {
      uint32_t& offset = offsets[tensor.index];
      if (offset == kNoOffset) continue;
      if ((offset & kOwnMemory) != 0) {
        tensor.is_state = true;
        tensor.state_offset = static_cast<int64_t>(offset & ~kOwnMemory) - static_cast<int64_t>(tables_);
        recorder_.regions.push_back({kOwnBase + (offset & ~kOwnMemory), kOwnBase + (offset & ~kOwnMemory) + 1,
                                     Argument::Place::kTensor, tensor.index});
        continue;
      }
      offset = place(static_cast<uint64_t>(tensor.bytes));
      recorder_.regions.push_back({kSharedBase + offset, kSharedBase + offset + static_cast<uintptr_t>(tensor.bytes),
                                   Argument::Place::kTensor, tensor.index});
    }
    // Scratch: one place for the operators' all, large enough for anything.
    const uint32_t tensors = graph_.tensors.size;
    for (uint32_t i = 0; i < graph_.operators.size; ++i) offsets[tensors + i] = static_cast<uint32_t>(next);
    if (next >= kOwnMemory) return absl::ResourceExhaustedError("its activations are larger than 2 GB in all");
    recorder_.regions.push_back({kSharedBase + next, kSharedBase + kOwnMemory, Argument::Place::kScratch, -1});
    for (uint32_t i = 0; i < graph_.operators.size; ++i) {
      device::OperatorInfo op;
      graph_.ReadOperator(i, &op);
      if (device::FindOperator(device::kRows, &graph_, op)->memory != device::kSame) continue;
      const int32_t input = graph_.file.ElementI32(op.inputs, 0);
      const int32_t output = graph_.file.ElementI32(op.outputs, 0);
      if (offsets[input] == kNoOffset || model_.tensors[input].is_state) continue;  // these are copied
      offsets[output] = offsets[input];
      model_.tensors[output].same_as = model_.tensors[input].same_as < 0 ? input : model_.tensors[input].same_as;
    }
    for (const FileTensor& tensor : model_.tensors) {
      if (tensor.constant == nullptr) continue;
      const uintptr_t begin = reinterpret_cast<uintptr_t>(tensor.constant);
      recorder_.regions.push_back(
          {begin, begin + static_cast<uintptr_t>(tensor.bytes), Argument::Place::kConstant, tensor.index});
    }
    return absl::OkStatus();
  }

  // As after mote_model_reset, and after what CALL_ONCE does in the first inference.
  absl::Status InitializeState() {
    device::Memory& memory = runtime_.memory;
    std::vector<uint8_t> own(tables_ + state_bytes_, 0);
    memory.own = own.data();
    memory.shared = own.data();
    for (const FileTensor& tensor : model_.tensors) {
      if (!tensor.is_state || tensor.type != "int8" || tensor.zero_points.empty()) continue;
      std::memset(own.data() + tables_ + tensor.state_offset, static_cast<int>(tensor.zero_points[0]),
                  static_cast<size_t>(tensor.bytes));
    }
    enum { kCallOnce = 129 };
    for (const bool resetting : {true, false}) {
      memory.resetting = resetting;
      memory.first = !resetting;
      for (uint32_t i = 0; i < graph_.operators.size; ++i) {
        device::Invocation invocation(&graph_, &memory);
        invocation.Read(i);
        const mote_operator* row = device::FindOperator(device::kRows, &graph_, invocation.info());
        if (resetting ? row->memory != device::kState : row->code != kCallOnce) continue;
        const mote_status status = row->eval(invocation);
        if (status != MOTE_OK) return absl::InternalError(absl::StrCat("its state: ", mote_status_text(status)));
      }
    }
    memory.resetting = memory.first = false;
    model_.initial_state.assign(own.begin() + static_cast<ptrdiff_t>(tables_), own.end());
    return absl::OkStatus();
  }

  void RecordOperators() {
    device::Memory& memory = runtime_.memory;
    memory.own = reinterpret_cast<uint8_t*>(kOwnBase);
    memory.shared = reinterpret_cast<uint8_t*>(kSharedBase);
    Recorder::current = &recorder_;
    for (uint32_t i = 0; i < graph_.operators.size; ++i) {
      device::Invocation invocation(&graph_, &memory);
      invocation.Read(i);
      const device::OperatorInfo& op = invocation.info();
      const mote_operator* row = device::FindOperator(device::kRows, &graph_, op);
      RecordedOperator recorded;
      recorded.index = static_cast<int>(i);
      for (int r = 0; device::kRows[r] != nullptr; ++r) {
        if (device::kRows[r] != row) continue;
        recorded.name = device::kNames[r];
        recorded.symbol = device::kSymbols[r];
      }
      for (uint32_t k = 0; k < op.inputs.size; ++k) recorded.inputs.push_back(graph_.file.ElementI32(op.inputs, k));
      for (uint32_t k = 0; k < op.outputs.size; ++k) recorded.outputs.push_back(graph_.file.ElementI32(op.outputs, k));
      recorded.in_place = row->memory == device::kInPlace;
      recorded.scratch_bytes = ScratchOf(*row, i);
      recorder_.op = &recorded;
      memory.scratch = graph_.tensors.size;
      row->eval(invocation);
      model_.operators.push_back(std::move(recorded));
    }
    Recorder::current = nullptr;
  }

  // What the operator asks for when it is checked.
  int64_t ScratchOf(const mote_operator& row, uint32_t index) {
    device::Memory memory = runtime_.memory;
    memory.shared = nullptr;
    memory.scratch = 0;
    if (row.memory == device::kState) return 0;
    Graph graph = graph_;
    device::Invocation invocation(&graph, &memory);
    invocation.Read(index);
    row.eval(invocation);
    return memory.scratch;
  }

  void ReadMetadata() {
    enum : uint32_t { kName, kBuffer };
    const device::Vector entries = graph_.Metadata();
    for (uint32_t i = 0; i < entries.size; ++i) {
      const device::Table entry = graph_.file.ElementTable(entries, i);
      const device::Vector name = graph_.file.FieldVector(entry, kName, 1);
      const device::Vector bytes = graph_.ReadBuffer(graph_.file.FieldU32(entry, kBuffer, 0));
      if (name.at == 0 || bytes.at == 0 || graph_.file.status != MOTE_OK) continue;
      model_.metadata[std::string(model_.file, name.at, name.size)] = std::string(model_.file, bytes.at, bytes.size);
    }
    graph_.file.status = MOTE_OK;
  }

  RecordedModel model_;
  Graph graph_;
  device::Model runtime_;
  Recorder recorder_;
  std::vector<uint32_t> own_;
  size_t tables_ = 0, state_bytes_ = 0;
};

}  // namespace

Recorder* Recorder::current = nullptr;

Argument Recorder::Pointer(const void* pointer, const std::string& type, bool is_written) const {
  Argument argument;
  argument.kind = Argument::Kind::kPointer;
  argument.type = type;
  argument.is_written = is_written;
  if (pointer == nullptr) return argument;
  const uintptr_t at = reinterpret_cast<uintptr_t>(pointer);
  for (const Region& region : regions) {
    if (at < region.begin || at >= region.end) continue;
    argument.place = region.place;
    argument.tensor = region.tensor;
    argument.offset = static_cast<int64_t>(at - region.begin);
    break;
  }
  return argument;
}

void AddCall(const std::string& function, std::vector<Argument> arguments) {
  Recorder::current->op->calls.push_back({function, std::move(arguments)});
}

void SetPackedScratch(int64_t bytes) { Recorder::current->op->packed_scratch_bytes = bytes; }

void SetTable(std::vector<uint8_t> table) { Recorder::current->op->table = std::move(table); }

std::string FunctionText(const char* pretty) {
  const std::string text = pretty;
  const std::string kBegin = "kFunction = ";
  const size_t begin = text.find(kBegin) + kBegin.size();
  const size_t end = text.find_last_of(']');
  std::string name = text.substr(begin, end - begin);
  if (const size_t more = name.find("; "); more != std::string::npos) name.resize(more);
  // Within the arguments of a template GCC leaves out its namespace, which is that of all their types.
  name = std::regex_replace(name, std::regex("([<, ])([A-Z])"), "$1mote::device::$2");
  return absl::StrReplaceAll(name, {{"mote::recorded::", "mote::device::"},
                                    {"signed char", "int8_t"},
                                    {"unsigned char", "uint8_t"},
                                    {"short int", "int16_t"},
                                    {"long int", "int64_t"},
                                    {", int", ", int32_t"},
                                    {"<int", "<int32_t"}});
}

std::string TypeText(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(abi::__cxa_demangle(type.name(), nullptr, nullptr, &status),
                                                         std::free);
  static const std::map<std::string, std::string> kShort = {
      {"signed char", "int8_t"}, {"unsigned char", "uint8_t"}, {"short", "int16_t"}, {"unsigned short", "uint16_t"},
      {"int", "int32_t"},        {"unsigned int", "uint32_t"}, {"long", "int64_t"}};
  const auto found = kShort.find(name.get());
  return found != kShort.end()
             ? found->second
             : absl::StrReplaceAll(
                   name.get(),
                   {{"mote::recorded::", "mote::device::"}, {"<int>", "<int32_t>"}, {"<long>", "<int64_t>"}});
}

absl::StatusOr<RecordedModel> RecordModel(std::string file) {
  static std::mutex mutex;
  const std::lock_guard<std::mutex> lock(mutex);
  return ModelRecorder(std::move(file)).Record();
}

}  // namespace mote::compiler
