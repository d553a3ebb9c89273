#include "export/compiler/reference.h"

#include <cstdlib>
#include <cstring>
#include <memory>

#include "absl/strings/str_cat.h"
#include "mcu_runtime/mote_runtime.h"

namespace mote::compiler {
namespace {

constexpr size_t kAlignment = 64;

struct Free {
  void operator()(void* memory) const { std::free(memory); }
};
using Memory = std::unique_ptr<char, Free>;

Memory Aligned(size_t bytes) {
  return Memory(static_cast<char*>(std::aligned_alloc(kAlignment, (bytes / kAlignment + 1) * kAlignment)));
}

absl::Status Refused(mote_status status) {
  return absl::InvalidArgumentError(absl::StrCat("the runtime refuses the model: ", mote_status_text(status)));
}

}  // namespace

absl::StatusOr<std::string> RunReference(const std::string& file, const Inputs& inputs, mote_hook hook,
                                         void* hook_context) {
  const Memory bytes = Aligned(file.size());
  std::memcpy(bytes.get(), file.data(), file.size());
  mote_memory memory;
  mote_status status = mote_model_memory(mote_all_operators, bytes.get(), file.size(), &memory, nullptr);
  if (status != MOTE_OK) return Refused(status);
  const Memory arena = Aligned(memory.arena);
  mote_model model;
  status = mote_model_load(&model, mote_all_operators, bytes.get(), file.size(), arena.get(), memory.arena);
  if (status != MOTE_OK) return Refused(status);
  mote_model_set_hook(&model, hook, hook_context);

  std::string outputs;
  size_t at = 0;
  for (int sample = 0; sample < inputs.samples; ++sample) {
    if (status = mote_model_reset(&model); status != MOTE_OK) return Refused(status);
    for (int step = 0; step < inputs.steps; ++step) {
      for (int32_t i = 0; i < mote_model_input_count(&model); ++i) {
        const mote_tensor input = mote_model_input(&model, i);
        if (inputs.bytes.size() - at < input.bytes) return absl::InvalidArgumentError("the inputs are too short");
        std::memcpy(input.data, inputs.bytes.data() + at, input.bytes);
        at += input.bytes;
      }
      if (status = mote_model_invoke(&model); status != MOTE_OK) return Refused(status);
      for (int32_t i = 0; i < mote_model_output_count(&model); ++i) {
        const mote_tensor output = mote_model_output(&model, i);
        outputs.append(static_cast<const char*>(output.data), output.bytes);
      }
    }
  }
  return outputs;
}

}  // namespace mote::compiler
