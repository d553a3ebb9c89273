// What a bit-true quantization-aware training step costs beside a float training step of the same network, both in one
// run, alternating, so that whatever else the machine does falls on both. Prints JSON: medians in milliseconds and the
// ratio of the medians.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "quantize/quantize.h"
#include "torch/nn/functional/loss.h"
#include "torch/optim/adam.h"
#include "torch/utils.h"
#include "train/float_network.h"
#include "train/network.h"

namespace {

using Clock = std::chrono::steady_clock;

mote::Network DigitsNetwork() {
  return mote::NetworkBuilder("digits", {8, 8, 1})
      .Conv2d(16, {3, 3}, {.bias = false})
      .BatchNorm()
      .Relu()
      .DepthwiseConv2d({3, 3}, {.bias = false})
      .BatchNorm()
      .Relu()
      .Conv2d(32, {1, 1}, {.bias = false})
      .BatchNorm()
      .Relu()
      .MaxPool2d({2, 2})
      .Conv2d(32, {3, 3}, {.bias = false})
      .BatchNorm()
      .Relu()
      .GlobalAveragePool()
      .Dense(10)
      .Build();
}

// The keyword spotter of MLPerf Tiny (Zhang et al. 2017, DS-CNN small).
mote::Network DsCnn() {
  mote::NetworkBuilder net("ds_cnn", {49, 10, 1});
  net.Conv2d(64, {10, 4}, {.stride = {2, 2}, .bias = false}).BatchNorm().Relu();
  for (int block = 0; block < 4; ++block) {
    net.DepthwiseConv2d({3, 3}, {.bias = false}).BatchNorm().Relu();
    net.Conv2d(64, {1, 1}, {.bias = false}).BatchNorm().Relu();
  }
  return net.GlobalAveragePool().Dense(12).Build();
}

struct Trainer {
  mote::Trainable& model;
  std::unique_ptr<torch::optim::Adam> optimizer;
  std::vector<double> milliseconds;

  explicit Trainer(mote::Trainable& trained) : model(trained) {
    std::vector<torch::Tensor> parameters;
    for (const auto& [name, tensor] : model.Parameters()) parameters.push_back(tensor);
    optimizer = std::make_unique<torch::optim::Adam>(parameters, torch::optim::AdamOptions(1e-4));
  }

  void Step(const torch::Tensor& inputs, const torch::Tensor& labels, bool count) {
    const auto begin = Clock::now();
    optimizer->zero_grad();
    torch::nn::functional::cross_entropy(model.Forward(inputs, true), labels).backward();
    optimizer->step();
    const std::chrono::duration<double, std::milli> took = Clock::now() - begin;
    if (count) milliseconds.push_back(took.count());
  }

  double Median() {
    std::sort(milliseconds.begin(), milliseconds.end());
    return milliseconds[milliseconds.size() / 2];
  }
};

std::string Measure(const mote::Network& network, mote::ScaleLearning scales, int batch, int steps) {
  torch::manual_seed(1);
  mote::Shape shape = network.input_shape;
  shape.insert(shape.begin(), batch);
  mote::Dataset data;
  data.name = "random";
  data.inputs = torch::rand(shape);
  const torch::Tensor labels = torch::randint(10, {batch});
  auto float_network = mote::FloatNetwork::Create(network, 1);
  if (!float_network.ok()) return std::fprintf(stderr, "%s\n", float_network.status().ToString().c_str()), "";
  Trainer float_trainer(**float_network);
  for (int i = 0; i < 3; ++i) float_trainer.Step(data.inputs, labels, false);
  mote::QuantizeOptions options;
  options.scales = scales;
  auto quantized = mote::QuantizedNetwork::Create(**float_network, data, options);
  if (!quantized.ok()) return std::fprintf(stderr, "%s\n", quantized.status().ToString().c_str()), "";
  Trainer quantized_trainer(**quantized);
  for (int i = 0; i < steps + 3; ++i) {
    float_trainer.Step(data.inputs, labels, i >= 3);
    quantized_trainer.Step(data.inputs, labels, i >= 3);
  }
  const double float_ms = float_trainer.Median(), quantized_ms = quantized_trainer.Median();
  char text[512];
  std::snprintf(text, sizeof text,
                "{\"network\": \"%s\", \"scales\": \"%s\", \"batch\": %d, \"threads\": %d, \"float_ms\": %.2f, "
                "\"quantized_ms\": %.2f, \"ratio\": %.3f}",
                network.name.c_str(), scales == mote::ScaleLearning::kLearned ? "learned" : "tracked", batch,
                at::get_num_threads(), float_ms, quantized_ms, quantized_ms / float_ms);
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  const int steps = argc > 1 ? std::atoi(argv[1]) : 30;
  std::printf("[\n");
  bool first = true;
  for (const mote::Network& network : {DigitsNetwork(), DsCnn()}) {
    for (mote::ScaleLearning scales : {mote::ScaleLearning::kLearned, mote::ScaleLearning::kTracked}) {
      const std::string line = Measure(network, scales, 100, steps);
      if (line.empty()) return 1;
      std::printf("%s  %s", first ? "" : ",\n", line.c_str());
      std::fflush(stdout);
      first = false;
    }
  }
  std::printf("\n]\n");
  return 0;
}
