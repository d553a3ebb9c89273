// Writes models for the outside runtimes to run: export_cases FOLDER SEEDS. For each operator and seed NAME.tflite,
// NAME.in (int8 samples) and NAME.out (what the host runtime makes of them), and the network that has every operator.
#include <cstdlib>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "datasets/file.h"
#include "export/runtime_model.h"
#include "export/tflite.h"
#include "tests/export/test_networks.h"

namespace mote {
namespace {

constexpr int64_t kSamples = 32;

absl::Status WriteCase(const std::string& folder, const std::string& name, const IntegerNetwork& network) {
  absl::StatusOr<std::string> bytes = ToTflite(network);
  if (!bytes.ok()) return bytes.status();
  absl::StatusOr<std::unique_ptr<RuntimeModel>> model = RuntimeModel::FromBytes(*bytes, name);
  if (!model.ok()) return model.status();
  const torch::Tensor codes = RandomCodes(network, kSamples, 99);
  absl::StatusOr<RuntimeModel::Result> result = (*model)->Invoke({codes});
  if (!result.ok()) return result.status();
  const auto raw = [](const torch::Tensor& tensor) {
    return std::string(static_cast<const char*>(tensor.data_ptr()), tensor.nbytes());
  };
  const std::string path = absl::StrCat(folder, "/", name);
  absl::Status status = WriteFileAtomically(path + ".tflite", *bytes);
  status.Update(WriteFileAtomically(path + ".in", raw(codes)));
  status.Update(WriteFileAtomically(path + ".out", raw(result->outputs[0])));
  return status;
}

absl::Status WriteAll(const std::string& folder, uint64_t seeds) {
  absl::Status status;
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    for (const OperatorKind kind : AllOperatorKinds()) {
      const std::string_view name = OperatorKindName(kind);
      status.Update(WriteCase(folder, absl::StrCat(std::string(name), "-", seed), RandomOperator(kind, seed)));
    }
    status.Update(WriteCase(folder, absl::StrCat("all operators-", seed), EveryOperator(seed)));
  }
  return status;
}

}  // namespace
}  // namespace mote

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "export_cases FOLDER SEEDS\n";
    return 2;
  }
  const absl::Status status = mote::WriteAll(argv[1], std::strtoull(argv[2], nullptr, 10));
  if (!status.ok()) std::cerr << status.message() << "\n";
  return status.ok() ? 0 : 1;
}
