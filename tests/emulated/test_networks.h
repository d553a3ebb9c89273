// Small networks with pseudo-random weights, made for what they put the emulator through.
#ifndef MOTE_TESTS_EMULATED_TEST_NETWORKS_H_
#define MOTE_TESTS_EMULATED_TEST_NETWORKS_H_

#include <cstdint>
#include <memory>

#include "export/runtime_model.h"
#include "quantize/integer_network.h"

namespace mote {

// Convolution, depthwise convolution, max pool, reshape, dense, softmax: 8x8x3 to 5 classes.
IntegerNetwork SmallClassifier();

// ReLU over one tensor of `height` x `width` x `channels`: memory as wanted, and nothing else.
IntegerNetwork Rectifier(int64_t height, int64_t width, int64_t channels);

// One dense layer of `inputs` x `outputs`: a file as large as wanted.
IntegerNetwork Dense(int64_t inputs, int64_t outputs);

// a + b, of two inputs with shapes alike and scales of their own.
IntegerNetwork Sum();

std::unique_ptr<RuntimeModel> ToRuntimeModel(const IntegerNetwork& network);  // fails the test and is null on an error

torch::Tensor RandomCodes(const RuntimeModel& model, int input, int64_t samples, uint64_t seed);  // int8

}  // namespace mote

#endif  // MOTE_TESTS_EMULATED_TEST_NETWORKS_H_
