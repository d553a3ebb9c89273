#include "export/model_file.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "export/operator_names.h"
#include "mcu_runtime/mote_runtime.h"

namespace mote {
namespace {

constexpr uint32_t kSchemaVersion = 3;
constexpr int kCustomOperator = 32;

absl::string_view Absl(std::string_view text) { return {text.data(), text.size()}; }

std::string_view View(const flatbuffers::String* text) {
  return text == nullptr ? std::string_view() : std::string_view(text->c_str(), text->size());
}

// TensorFlow's converter joins the names of all layers that it fused, with ';': the first one says enough.
std::string_view FirstName(std::string_view name) { return name.substr(0, name.find(';')); }

absl::Status CheckIndices(const ModelFile& file, const flatbuffers::Vector<int32_t>* indices, bool optional,
                          const std::string& where) {
  if (indices == nullptr) return absl::OkStatus();
  for (const int32_t index : *indices) {
    if (index >= 0 && index < file.tensors()) continue;
    if (optional && index == -1) continue;
    return absl::InvalidArgumentError(
        absl::StrCat(where, ": tensor ", index, " is not one of the model's ", file.tensors()));
  }
  return absl::OkStatus();
}

// "int8, float32, int32": what the operator is given.
std::string InputTypes(const ModelFile& file, int op) {
  std::vector<std::string> types;
  const auto* inputs = file.op(op).inputs();
  for (flatbuffers::uoffset_t i = 0; inputs != nullptr && i < inputs->size(); ++i) {
    const int tensor = inputs->Get(i);
    types.push_back(tensor < 0 ? "nothing" : TensorTypeName(static_cast<int>(file.tensor(tensor).type())));
  }
  return absl::StrJoin(types, ", ");
}

template <typename T>
bool Has(const flatbuffers::Vector<T>* vector) {
  return vector != nullptr && vector->size() > 0;
}

}  // namespace

int ModelFile::BuiltinCode(int index) const {
  const schema::OperatorCode& code = *model->operator_codes()->Get(op(index).opcode_index());
  return std::max<int>(code.builtin_code(), code.deprecated_builtin_code());
}

std::string_view ModelFile::CustomCode(int index) const {
  return View(model->operator_codes()->Get(op(index).opcode_index())->custom_code());
}

std::string_view ModelFile::TensorName(int index) const { return View(tensor(index).name()); }

std::string_view ModelFile::BufferBytes(uint32_t index) const {
  const schema::Buffer& buffer = *model->buffers()->Get(index);
  if (buffer.offset() > 1) return bytes.substr(buffer.offset(), buffer.size());  // behind the flatbuffer
  if (!Has(buffer.data())) return {};
  return {reinterpret_cast<const char*>(buffer.data()->data()), buffer.data()->size()};
}

std::string_view ModelFile::Data(int index) const { return BufferBytes(tensor(index).buffer()); }

std::string_view ModelFile::Metadata(std::string_view name) const {
  if (model->metadata() == nullptr) return {};
  for (const schema::Metadata* entry : *model->metadata()) {
    if (View(entry->name()) != name) continue;
    return BufferBytes(entry->buffer());
  }
  return {};
}

ModelMetadata ModelFile::Mote() const { return MetadataFromJson(std::string(Metadata(kMetadataName))); }

std::string ModelFile::OperatorText(int index) const {
  const int code = BuiltinCode(index);
  const std::string kind =
      code == kCustomOperator ? absl::StrCat("custom operator ", Absl(CustomCode(index))) : BuiltinOperatorName(code);
  if (Has(op(index).outputs())) {
    const int output = op(index).outputs()->Get(0);
    if (output >= 0 && output < tensors() && !TensorName(output).empty()) {
      return absl::StrCat(kind, " '", Absl(FirstName(TensorName(output))), "'");
    }
  }
  return absl::StrCat(kind, " (operator ", index, ")");
}

std::string ModelFile::TensorText(int index) const {
  const std::string_view name = FirstName(TensorName(index));
  if (name.empty()) return absl::StrCat("tensor ", index);
  return absl::StrCat("tensor ", index, " '", Absl(name), "'");
}

absl::StatusOr<ModelFile> OpenModelFile(const std::string& bytes, const std::string& name) {
  const auto error = [&name](const std::string& what) {
    return absl::InvalidArgumentError(absl::StrCat(name, ": ", what));
  };
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  if (bytes.size() < 8 || !schema::ModelBufferHasIdentifier(data)) {
    return error("not a TensorFlow Lite model: the identifier TFL3 is missing at byte 4");
  }
  flatbuffers::Verifier verifier(data, bytes.size());
  if (!schema::VerifyModelBuffer(verifier)) {
    return error(absl::StrCat("damaged or truncated at ", bytes.size(), " bytes: an offset leaves the file"));
  }
  ModelFile file;
  file.bytes = bytes;
  file.model = schema::GetModel(data);
  if (file.model->version() != kSchemaVersion) {
    return error(absl::StrCat("schema version ", file.model->version(), "; version 3 is what can be read"));
  }
  if (!Has(file.model->subgraphs())) return error("has no subgraph");
  file.graph = file.model->subgraphs()->Get(0);
  if (!Has(file.graph->tensors())) return error("has no tensors");
  if (!Has(file.graph->operators())) return error("has no operators");
  if (!Has(file.model->operator_codes())) return error("has no operator codes");
  if (!Has(file.model->buffers())) return error("has no buffers");
  const uint32_t buffers = file.model->buffers()->size();
  for (uint32_t i = 0; i < buffers; ++i) {
    const schema::Buffer& buffer = *file.model->buffers()->Get(i);
    if (buffer.offset() <= 1 || (buffer.offset() <= bytes.size() && buffer.size() <= bytes.size() - buffer.offset()))
      continue;
    return error(absl::StrCat("buffer ", i, ": ", buffer.size(), " bytes at ", buffer.offset(), " leave the file of ",
                              bytes.size(), " bytes"));
  }
  for (int i = 0; i < file.tensors(); ++i) {
    if (file.tensor(i).buffer() >= buffers) {
      return error(absl::StrCat(file.TensorText(i), ": buffer ", file.tensor(i).buffer(), " is not one of the model's ",
                                buffers));
    }
  }
  if (file.model->metadata() != nullptr) {
    for (const schema::Metadata* entry : *file.model->metadata()) {
      if (entry->buffer() >= buffers) {
        return error(absl::StrCat("metadata '", Absl(View(entry->name())), "': buffer ", entry->buffer(),
                                  " is not one of the model's ", buffers));
      }
    }
  }
  for (int i = 0; i < file.operators(); ++i) {
    const uint32_t codes = file.model->operator_codes()->size();
    if (file.op(i).opcode_index() >= codes) {
      return error(absl::StrCat("operator ", i, ": operator code ", file.op(i).opcode_index(),
                                " is not one of the model's ", codes));
    }
    const std::string where = absl::StrCat(name, ": ", file.OperatorText(i));
    if (absl::Status status = CheckIndices(file, file.op(i).inputs(), true, where); !status.ok()) return status;
    if (absl::Status status = CheckIndices(file, file.op(i).outputs(), false, where); !status.ok()) return status;
  }
  if (absl::Status status = CheckIndices(file, file.graph->inputs(), false, absl::StrCat(name, ": inputs"));
      !status.ok()) {
    return status;
  }
  if (absl::Status status = CheckIndices(file, file.graph->outputs(), false, absl::StrCat(name, ": outputs"));
      !status.ok()) {
    return status;
  }
  return file;
}

absl::StatusOr<size_t> VerifyWithRuntime(const ModelFile& file, const std::string& bytes, const std::string& name) {
  mote_memory memory = {};
  mote_fault fault = {};
  const mote_status status = mote_model_memory(mote_all_operators, bytes.data(), bytes.size(), &memory, &fault);
  if (status == MOTE_OK) return memory.arena;
  const bool has_op = fault.op >= 0 && fault.op < file.operators();
  const bool has_tensor = fault.tensor >= 0 && fault.tensor < file.tensors();
  std::string where, reason = absl::StrCat("the device runtime refuses it: ", mote_status_text(status));
  if (has_op) absl::StrAppend(&where, "operator ", fault.op, ", ", file.OperatorText(fault.op), ": ");
  if (has_tensor) absl::StrAppend(&where, file.TensorText(fault.tensor), ": ");
  if (has_op && status == MOTE_ERROR_OPERATOR) reason = "the device runtime has no such operator";
  if (has_op && status == MOTE_ERROR_TYPE) {
    reason = absl::StrCat("the device runtime does not take ",
                          has_tensor ? TensorTypeName(static_cast<int>(file.tensor(fault.tensor).type())) + " here"
                                     : "this operator on " + InputTypes(file, fault.op));
  }
  return absl::InvalidArgumentError(absl::StrCat(name, ": ", where, reason));
}

}  // namespace mote
