// Handwritten digits, the whole way: a network, fit, quantize, export, verify. Writes digits.tflite.
#include <mote/mote.h>

#include <cstdio>
#include <iostream>

namespace {

absl::Status TrainDigits() {
  absl::StatusOr<mote::Splits> digits = mote::DigitsSplits();
  if (!digits.ok()) return digits.status();
  const auto& [train, validation, test] = *digits;

  // clang-format off
  const mote::Network network = mote::NetworkBuilder("digits", {8, 8, 1})
      .Conv2d(16, {3, 3}).BatchNorm().Relu().Named("stem")
      .DepthwiseConv2d({3, 3}).BatchNorm().Relu()
      .Conv2d(16, {1, 1}).BatchNorm().Add("stem").Relu()
      .Conv2d(32, {3, 3}, {.stride = {2, 2}}).BatchNorm().Relu()
      .GlobalAveragePool()
      .Dense(10)
      .Softmax()
      .Build();
  // clang-format on
  std::cout << mote::Summary(network).value_or("") << "\n";

  auto model = mote::FloatNetwork::Create(network, /*seed=*/1);
  if (!model.ok()) return model.status();
  mote::FitOptions options;
  options.epochs = 30;
  options.optimizer.learning_rate = 5e-3;
  options.augment.shift = 1;
  if (auto fit = mote::Fit(**model, train, validation, options); !fit.ok()) return fit.status();
  auto metrics = mote::Evaluate(**model, test, options.task);
  if (!metrics.ok()) return metrics.status();
  std::printf("float:     accuracy %.2f %%\n", 100 * metrics->metric);

  auto quantized = mote::QuantizedNetwork::Create(**model, train, {});
  if (!quantized.ok()) return quantized.status();
  options.epochs = 8;
  options.optimizer.learning_rate = 5e-4;
  if (auto fit = mote::Fit(**quantized, train, validation, options); !fit.ok()) return fit.status();
  metrics = mote::Evaluate(**quantized, test, options.task);
  if (!metrics.ok()) return metrics.status();
  std::printf("quantized: accuracy %.2f %%\n\n", 100 * metrics->metric);

  auto integer = (*quantized)->ToInteger();
  if (!integer.ok()) return integer.status();
  integer->class_names = train.class_names;
  if (absl::Status status = mote::ExportTflite(*integer, "digits.tflite"); !status.ok()) return status;

  // The file, on the device runtime and on every emulated core: the same integers as in training, on every tensor.
  auto file = mote::RuntimeModel::Load("digits.tflite");
  if (!file.ok()) return file.status();
  mote::VerifyOptions verify;
  verify.training = quantized->get();
  auto results = mote::VerifyModel(**file, mote::QuantizeInput(*integer, test.inputs), test.labels, verify);
  if (!results.ok()) return results.status();
  std::cout << mote::VerifyTable(*results) << "\n";
  return mote::AllEqual(*results) ? absl::OkStatus() : absl::InternalError("the back ends differ");
}

}  // namespace

int main() {
  const absl::Status status = TrainDigits();
  if (!status.ok()) std::cerr << "train_digits: " << status.message() << "\n";
  return status.ok() ? 0 : 1;
}
