// A .tflite's bytes opened as a flatbuffer: what the importer and the runtime's wrapper have in common. Internal.
#ifndef MOTE_EXPORT_MODEL_FILE_H_
#define MOTE_EXPORT_MODEL_FILE_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "export/model_metadata.h"
#include "export/schema/tflite_generated.h"

namespace mote {

// Views into bytes that the caller keeps.
struct ModelFile {
  const schema::Model* model = nullptr;
  const schema::SubGraph* graph = nullptr;  // the first one, which is run
  std::string_view bytes;

  int tensors() const { return static_cast<int>(graph->tensors()->size()); }
  int operators() const { return static_cast<int>(graph->operators()->size()); }
  const schema::Tensor& tensor(int index) const { return *graph->tensors()->Get(index); }
  const schema::Operator& op(int index) const { return *graph->operators()->Get(index); }

  int BuiltinCode(int op) const;
  std::string_view CustomCode(int op) const;  // of a custom operator
  std::string_view TensorName(int index) const;
  std::string_view BufferBytes(uint32_t index) const;
  std::string_view Data(int tensor) const;  // of a constant; empty for activations
  std::string_view Metadata(std::string_view name) const;
  ModelMetadata Mote() const;

  std::string OperatorText(int op) const;   // "CONV_2D 'stem'", by the name of its output; "CONV_2D (operator 3)"
  std::string TensorText(int index) const;  // "tensor 3 'stem'"
};

// Verifies offsets, the identifier, the schema version and every index into buffers, operator codes and tensors, so
// that all accessors above are safe. `name` leads each error.
absl::StatusOr<ModelFile> OpenModelFile(const std::string& bytes, const std::string& name);

// The device runtime's own verifier; gives the arena that it needs.
absl::StatusOr<size_t> VerifyWithRuntime(const ModelFile& file, const std::string& bytes, const std::string& name);

}  // namespace mote

#endif  // MOTE_EXPORT_MODEL_FILE_H_
