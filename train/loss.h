// What the loop measures of a batch: sums that batches add up to, and the checks that come before them.
#ifndef MOTE_TRAIN_LOSS_H_
#define MOTE_TRAIN_LOSS_H_

#include "absl/status/status.h"
#include "datasets/dataset.h"
#include "train/trainable.h"

namespace mote {

// The metric of `task`, summed over the samples of a batch.
double MetricSum(const torch::Tensor& outputs, const torch::Tensor& expected, Task task);

// What `task` learns of `data`: labels, targets or the inputs themselves.
const torch::Tensor& Expected(const Dataset& data, Task task);

// Whether outputs [B, ...] fit `expected` [B, ...], in one line.
absl::Status CheckOutputs(const torch::Tensor& outputs, const torch::Tensor& expected, Task task);

// "loss", "accuracy", "mean absolute error" and so on for people.
const char* MetricName(Task task);

}  // namespace mote

#endif  // MOTE_TRAIN_LOSS_H_
