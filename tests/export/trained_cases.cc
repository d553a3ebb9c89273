// Really trained models for test_bit_true.py and for docs/benchmarks.md: the comparison of "how far is
// quantization-aware training from its exported file" (digits 8x8, a small CNN with and without an average pool).
//
//   trained_cases FOLDER SEEDS FLOAT_EPOCHS QUANTIZED_EPOCHS
//
// For each network and seed, after every epoch of bit-true training, leaves FOLDER/<network>-<seed>-<epoch>.tflite and
// what training says of it: .codes.npy, the output codes of the training pass for the test split; and the accuracy that
// the epoch printed. After the last epoch, .tensors.npz: every activation tensor of the training pass for the test
// split, by its index in the file; and .all.npy: the output codes for all 1,797 samples. FOLDER/all.npy and
// FOLDER/test.npy are the inputs as codes, FOLDER/labels.npy the labels of the test split. Prints a JSON list, one
// object an epoch.
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "datasets/numpy_file.h"
#include "datasets/readers.h"
#include "export/runtime_model.h"
#include "export/tflite.h"
#include "nlohmann/json.hpp"
#include "quantize/quantize.h"
#include "torch/utils.h"
#include "train/fit.h"
#include "train/float_network.h"

namespace {

using Json = nlohmann::ordered_json;

mote::Network SmallCnn(bool pool) {
  mote::NetworkBuilder net(pool ? "pool" : "no_pool", {8, 8, 1});
  net.Conv2d(8, {3, 3}).BatchNorm().Relu();
  net.DepthwiseConv2d({3, 3}).BatchNorm().Relu().Conv2d(16, {1, 1}).BatchNorm().Relu();
  if (pool) net.AveragePool2d({2, 2});
  return net.Flatten().Dense(10).Build();
}

void Check(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "trained_cases: %s\n", std::string(status.message()).c_str());
  std::exit(1);
}

template <typename T>
T Check(absl::StatusOr<T> value) {
  Check(value.status());
  return *std::move(value);
}

double ShareOfEqualSamples(const torch::Tensor& a, const torch::Tensor& b) {
  return (a == b).flatten(1).all(1).to(torch::kFloat64).mean().item<double>();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return std::fprintf(stderr, "usage: trained_cases FOLDER SEEDS FLOAT_EPOCHS QUANTIZED_EPOCHS\n"), 2;
  const std::string folder = std::string(argv[1]) + "/";
  const int seeds = std::atoi(argv[2]), float_epochs = std::atoi(argv[3]), quantized_epochs = std::atoi(argv[4]);
  const mote::Dataset whole = Check(mote::Digits());
  const mote::Splits splits = Check(mote::DigitsSplits());
  Check(mote::WriteNpyTensor(folder + "labels.npy", splits.test.labels));
  Json rows = Json::array();
  for (const bool pool : {true, false}) {
    const mote::Network network = SmallCnn(pool);
    for (int seed = 1; seed <= seeds; ++seed) {
      auto trained = Check(mote::FloatNetwork::Create(network, static_cast<uint64_t>(seed)));
      mote::FitOptions fit;
      fit.epochs = float_epochs;
      fit.seed = static_cast<uint64_t>(seed);
      Check(mote::Fit(*trained, splits.train, splits.validation, fit).status());
      auto quantized = Check(mote::QuantizedNetwork::Create(*trained, splits.train, {}));
      fit.epochs = quantized_epochs;
      fit.optimizer.learning_rate = 5e-4;
      // The test split as validation data: the accuracy that an epoch prints is of these samples.
      fit.on_epoch = [&](const mote::EpochReport& report) -> absl::Status {
        const std::string name = network.name + "-" + std::to_string(seed) + "-" + std::to_string(report.epoch);
        const mote::IntegerNetwork integers = Check(quantized->ToInteger());
        Check(mote::ExportTflite(integers, folder + name + ".tflite"));
        const torch::Tensor test = mote::QuantizeInput(integers, splits.test.inputs);
        const torch::Tensor all = mote::QuantizeInput(integers, whole.inputs);
        Check(mote::WriteNpyTensor(folder + "test.npy", test));  // the input's scale is the same for all
        Check(mote::WriteNpyTensor(folder + "all.npy", all));
        const torch::Tensor codes = quantized->TrainingPassCodes(test).output;
        Check(mote::WriteNpyTensor(folder + name + ".codes.npy", codes));
        const auto model = Check(mote::RuntimeModel::Load(folder + name + ".tflite"));
        Json row;
        row["network"] = network.name;
        row["seed"] = seed;
        row["epoch"] = report.epoch;
        row["printed_accuracy"] = report.validation_metric;
        const torch::Tensor on_host = Check(model->Invoke({test})).outputs[0];
        row["host_accuracy"] = mote::Accuracy(on_host, splits.test.labels);
        row["host_equal"] = ShareOfEqualSamples(on_host, codes);
        if (report.epoch == quantized_epochs) {
          std::map<std::string, torch::Tensor> tensors;
          for (const auto& [index, tensor] : quantized->TrainingPassCodes(test).tensors) {
            tensors[std::to_string(index)] = tensor;
          }
          Check(mote::WriteNpzTensors(folder + name + ".tensors.npz", tensors));
          const torch::Tensor all_codes = quantized->TrainingPassCodes(all).output;
          Check(mote::WriteNpyTensor(folder + name + ".all.npy", all_codes));
          row["samples"] = all.size(0);
          row["host_equal_all"] = ShareOfEqualSamples(Check(model->Invoke({all})).outputs[0], all_codes);
        }
        row["model"] = name;
        rows.push_back(row);
        return absl::OkStatus();
      };
      Check(mote::Fit(*quantized, splits.train, splits.test, fit).status());
    }
  }
  std::printf("%s\n", rows.dump(1).c_str());
  return 0;
}
