// A small training run that others kill: train_killee CHECKPOINT OUTPUT [--tensorboard DIR] [--progress]
// It takes up CHECKPOINT if it is there, writes a dot to stdout before every step, and at the end OUTPUT: the history,
// then the bytes of the weights.
#include <unistd.h>

#include <cstdio>
#include <string>

#include "datasets/file.h"
#include "tests/train/tiny_model.h"

int main(int argc, char** argv) {
  using namespace mote;
  if (argc < 3) {
    std::fprintf(stderr, "usage: train_killee CHECKPOINT OUTPUT [--tensorboard DIR] [--progress]\n");
    return 2;
  }
  FitOptions options;
  options.epochs = 24;
  options.batch_size = 8;
  options.optimizer.kind = OptimizerOptions::Kind::kAdamW;
  options.optimizer.weight_decay = 0.01;
  options.schedule.warmup_epochs = 1.5;
  options.augment.noise = 0.05;
  options.keep_best = true;
  options.threads = 1;
  options.checkpoint_path = argv[1];
  options.checkpoint_steps = 5;
  options.resume = true;
  options.label = "killee";
  for (int i = 3; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--tensorboard" && i + 1 < argc) options.tensorboard_dir = argv[++i];
    if (argument == "--progress") options.progress = FitOptions::Progress::kAuto;
  }
  testing::TinyModel model;
  model.on_training_step = [](int) {
    if (write(STDOUT_FILENO, ".", 1) != 1) _exit(3);
  };
  const auto result = Fit(model, testing::Clouds(1021, 1), testing::Clouds(100, 2), options);
  if (!result.ok()) {
    std::fprintf(stderr, "%s\n", result.status().ToString().c_str());
    return 1;
  }
  const absl::Status written = WriteFileAtomically(argv[2], testing::HistoryText(*result) + "\n" + model.Bytes());
  if (!written.ok()) std::fprintf(stderr, "%s\n", written.ToString().c_str());
  return written.ok() ? 0 : 1;
}
