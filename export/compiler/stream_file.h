// A .tflite file made of another one's parts: the same constants, operators and options under other shapes.
#ifndef MOTE_EXPORT_COMPILER_STREAM_FILE_H_
#define MOTE_EXPORT_COMPILER_STREAM_FILE_H_

#include <string>
#include <vector>

namespace mote::compiler {

// A tensor like number `source` of the first file.
struct TensorOfFile {
  int source = 0;
  int rows = 0;  // its extent in dimension 1; 0: as it was
};

// Operator number `source` of the first file, between tensors of the new one (-1: left out).
struct OperatorOfFile {
  int source = 0;
  std::vector<int> inputs, outputs;
};

struct GraphOfFile {
  std::vector<TensorOfFile> tensors;
  std::vector<OperatorOfFile> operators;
  std::vector<int> inputs, outputs;  // tensors
};

// `file` is one that the runtime accepts. Empty where its constants stand behind the FlatBuffer, at places counted from
// the file's begin.
std::string FileWithGraph(const std::string& file, const GraphOfFile& graph);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_STREAM_FILE_H_
