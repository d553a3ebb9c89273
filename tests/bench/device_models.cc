// The device runtime on emulated cores, the five MLPerf Tiny models: instructions counted exactly (QEMU, -icount
// shift=0), arena and stack. Prints a JSON list, one object a model and core. With a peer's figures beside it, if they
// are given:
//   bench_device_models MODELS_FOLDER
#include <cstdint>
#include <cstdio>
#include <string>

#include "export/emulator.h"
#include "export/runtime_model.h"
#include "nlohmann/json.hpp"
#include "torch/types.h"

namespace {

// xorshift32 (13, 17, 5) with seed 1, a byte a step: state >> 24.
torch::Tensor GoldenInput(const mote::TensorInfo& info) {
  torch::Tensor input = torch::empty(info.shape, torch::kInt8);
  uint32_t state = 1;
  int8_t* data = input.data_ptr<int8_t>();
  for (int64_t i = 0; i < input.numel(); ++i) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    data[i] = static_cast<int8_t>(state >> 24);
  }
  return input;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: bench_device_models MODELS_FOLDER\n"), 2;
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const char* name : {"kws_ref_model", "vww_96_int8", "pretrainedResnet_quant", "ad01_int8", "str_ww_ref_model"}) {
    const auto model = mote::RuntimeModel::Load(std::string(argv[1]) + "/" + name + ".tflite");
    if (!model.ok()) return std::fprintf(stderr, "%s\n", std::string(model.status().message()).c_str()), 1;
    const torch::Tensor input = GoldenInput((*model)->tensors()[(*model)->inputs()[0]]);
    const auto host = (*model)->Invoke({input});
    if (!host.ok()) return std::fprintf(stderr, "%s\n", std::string(host.status().message()).c_str()), 1;
    int64_t macs = 0;
    for (const mote::OperatorInfo& op : (*model)->operators()) macs += op.macs;
    for (const mote::CoreInfo& core : mote::EmulatedCores()) {
      const auto run = mote::InvokeOnCore(core.name, **model, {input}, /*keep=*/false);
      if (!run.ok()) {
        std::fprintf(stderr, "%s on %s: %s\n", name, core.name.c_str(), std::string(run.status().message()).c_str());
        return 1;
      }
      nlohmann::ordered_json row;
      row["model"] = name;
      row["core"] = core.name;
      row["macs"] = macs;
      row["instructions"] = run->instructions;
      row["load_instructions"] = run->load_instructions;
      row["arena_bytes"] = run->arena_bytes;
      row["stack_bytes"] = run->stack_bytes;
      row["exact"] = torch::equal(run->result.outputs[0], host->outputs[0]);
      rows.push_back(row);
    }
  }
  std::printf("%s\n", rows.dump(1).c_str());
  return 0;
}
