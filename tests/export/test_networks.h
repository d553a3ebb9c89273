// Integer networks with pseudo-random weights: one of every operator alone, and one that has them all.
#ifndef MOTE_TESTS_EXPORT_TEST_NETWORKS_H_
#define MOTE_TESTS_EXPORT_TEST_NETWORKS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "quantize/integer_network.h"

namespace mote {

// A network of one operator of this kind. Shapes, strides, padding, scales, fused activation and the like vary with
// `seed`. Its layer is called "stem".
IntegerNetwork RandomOperator(OperatorKind kind, uint64_t seed);

// Every operator once or more, with branches; the first convolution is "stem", the last operator "probabilities".
IntegerNetwork EveryOperator(uint64_t seed);

// The network as its file has it: convolutions that have no bias have one of zeros, behind all other tensors.
IntegerNetwork AsExported(IntegerNetwork network);

const std::vector<OperatorKind>& AllOperatorKinds();

torch::Tensor RandomCodes(const IntegerNetwork& network, int64_t samples, uint64_t seed);  // int8 [samples, ...]

// "" where both are the same in every field and every weight; else what differs.
std::string DifferenceOf(const IntegerNetwork& a, const IntegerNetwork& b);

}  // namespace mote

#endif  // MOTE_TESTS_EXPORT_TEST_NETWORKS_H_
