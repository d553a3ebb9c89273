#include "export/selftest.h"

#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"
#include "mcu_runtime/mote_runtime.h"

namespace mote {
namespace {

constexpr uint32_t kVersion = 1;
constexpr size_t kHeaderWords = 4;  // magic, version, samples, operators

// A model loaded for as long as this lives.
class Loaded {
 public:
  explicit Loaded(const std::string& file) {
    mote_memory memory = {};
    status_ = mote_model_memory(mote_all_operators, file.data(), file.size(), &memory, nullptr);
    if (status_ != MOTE_OK) return;
    arena_.resize(memory.arena / sizeof(Line) + 1);
    status_ = mote_model_load(&model_, mote_all_operators, file.data(), file.size(), arena_.data(),
                              arena_.size() * sizeof(Line));
  }
  mote_status status() const { return status_; }
  mote_model* model() { return &model_; }

 private:
  struct alignas(16) Line {
    uint8_t bytes[16];
  };
  std::vector<Line> arena_;
  mote_model model_ = {};
  mote_status status_;
};

absl::Status Error(mote_status status) {
  return absl::InternalError(absl::StrCat("self-test: ", mote_status_text(status)));
}

void AppendWord(uint32_t word, std::string& bytes) {
  for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<char>(word >> shift));
}

void AppendChecksum(void* bytes, const mote_model* model, int32_t op) {
  AppendWord(mote_model_checksum(model, op), *static_cast<std::string*>(bytes));
}

}  // namespace

absl::StatusOr<std::string> MakeSelftest(const std::string& file, int64_t samples) {
  Loaded loaded(file);
  if (loaded.status() != MOTE_OK) return Error(loaded.status());
  std::string bytes;
  for (const uint32_t word : {uint32_t{MOTE_SELFTEST_MAGIC}, kVersion, static_cast<uint32_t>(samples),
                              static_cast<uint32_t>(mote_model_operator_count(loaded.model()))}) {
    AppendWord(word, bytes);
  }
  mote_model_set_hook(loaded.model(), AppendChecksum, &bytes);
  uint32_t random = 1;
  for (int64_t sample = 0; sample < samples; ++sample) {
    for (int32_t i = 0; i < mote_model_input_count(loaded.model()); ++i) {
      const mote_tensor input = mote_model_input(loaded.model(), i);
      for (size_t k = 0; k < input.bytes; ++k) {  // xorshift32
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        static_cast<uint8_t*>(input.data)[k] = static_cast<uint8_t>(random >> 24);
      }
      bytes.append(static_cast<const char*>(input.data), input.bytes);
    }
    if (const mote_status status = mote_model_invoke(loaded.model()); status != MOTE_OK) return Error(status);
  }
  return bytes;
}

absl::Status RunSelftest(const std::string& file) {
  Loaded loaded(file);
  const mote_status status = loaded.status() == MOTE_OK ? mote_selftest(loaded.model()) : loaded.status();
  return status == MOTE_OK ? absl::OkStatus() : Error(status);
}

std::optional<int64_t> SelftestSamples(std::string_view entry) {
  uint32_t words[kHeaderWords];
  if (entry.size() < sizeof words) return std::nullopt;
  std::memcpy(words, entry.data(), sizeof words);
  if (words[0] != MOTE_SELFTEST_MAGIC || words[1] != kVersion) return std::nullopt;
  return words[2];
}

int64_t InputBytes(const std::string& file) {
  Loaded loaded(file);
  int64_t bytes = 0;
  for (int32_t i = 0; i < mote_model_input_count(loaded.model()); ++i) {
    bytes += static_cast<int64_t>(mote_model_input(loaded.model(), i).bytes);
  }
  return bytes;
}

}  // namespace mote
