#include "export/compiler/output_copies.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"

namespace mote::compiler {
namespace {

int FirstOf(const RecordedModel& model, int tensor) {
  const int same = model.tensors[tensor].same_as;
  return same < 0 ? tensor : same;
}

Argument Pointer(int tensor, Argument::Place place) {
  Argument argument;
  argument.kind = Argument::Kind::kPointer;
  argument.type = "uint8_t";
  argument.place = place;
  argument.tensor = tensor;
  return argument;
}

RecordedOperator CopyOf(const RecordedModel& model, int from, int to) {
  const bool is_constant = model.tensors[from].constant != nullptr;
  KernelCall call;
  call.function = "mote::device::CopyBytes";
  call.arguments = {Pointer(to, Argument::Place::kTensor),
                    Pointer(from, is_constant ? Argument::Place::kConstant : Argument::Place::kTensor), Argument()};
  call.arguments[0].is_written = true;
  call.arguments[2].type = "int32_t";
  call.arguments[2].text = absl::StrCat(model.tensors[from].bytes);
  RecordedOperator op;
  op.index = static_cast<int>(model.operators.size());
  op.name = op.symbol = "COPY";
  op.inputs = {from};
  op.outputs = {to};
  op.calls = {call};
  return op;
}

}  // namespace

void CopyOutputs(RecordedModel* model) {
  std::map<int, int> copies;
  for (int& output : model->outputs) {
    const int first = FirstOf(*model, output);
    const bool is_input = std::any_of(model->inputs.begin(), model->inputs.end(),
                                      [&](int input) { return FirstOf(*model, input) == first; });
    if (!is_input && model->tensors[first].constant == nullptr) continue;
    auto [copy, is_new] = copies.try_emplace(output, static_cast<int>(model->tensors.size()));
    if (is_new) {
      FileTensor tensor = model->tensors[output];
      tensor.index = copy->second;
      tensor.constant = nullptr;
      tensor.same_as = -1;
      model->tensors.push_back(std::move(tensor));
      model->operators.push_back(CopyOf(*model, first, copy->second));
    }
    output = copy->second;
  }
}

}  // namespace mote::compiler
