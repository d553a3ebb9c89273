// Networks of rows for the tests of the planner: the five of MLPerf Tiny, and random ones.
#ifndef MOTE_TESTS_COMPILER_ROW_NETWORKS_H_
#define MOTE_TESTS_COMPILER_ROW_NETWORKS_H_

#include <cstdint>
#include <string>

#include "export/compiler/row_network.h"

namespace mote::compiler {

struct NetworkOptions {
  bool feed_input = false;  // the caller hands in row after row
  bool share_bytes = true;  // kernels let their output grow over input that they have read
};

RowNetwork KeywordSpotting(const NetworkOptions& options);
RowNetwork ImageClassification(const NetworkOptions& options);
RowNetwork VisualWakeWords(const NetworkOptions& options);
RowNetwork AnomalyDetection(const NetworkOptions& options);
RowNetwork StreamingWakeWord(const NetworkOptions& options);

// An input of size x size x 3, then `blocks` residual blocks of four layers each on half its rows.
RowNetwork DeepNetwork(int blocks, int size);

// Chains with residual sums, branches that meet in a concatenation, pools, whole kernels, scratch, several outputs.
RowNetwork RandomNetwork(uint32_t seed, int layers);

}  // namespace mote::compiler

#endif  // MOTE_TESTS_COMPILER_ROW_NETWORKS_H_
