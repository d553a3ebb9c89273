#include "export/compiler/step_graph.h"

#include <algorithm>

namespace mote::compiler {

StepGraph::StepGraph(const RowNetwork& network) : network_(network), first_row_{0}, first_step_{0} {
  for (size_t t = 0; t < network.tensors.size(); ++t) {
    first_row_.push_back(first_row_.back() + network.tensors[t].rows);
    tensor_of_row_.resize(first_row_.back(), static_cast<int>(t));
  }
  for (size_t l = 0; l < network.layers.size(); ++l) {
    first_step_.push_back(first_step_.back() + network.layers[l].steps);
    layer_of_step_.resize(first_step_.back(), static_cast<int>(l));
  }
  writer_step_.assign(rows(), kBeforeFirst);
  last_reader_layer_.assign(rows(), kBeforeFirst);
  for (int step = 0; step < steps(); ++step) {
    const auto [layer, index] = StepAt(step);
    first_read_.push_back(static_cast<int>(reads_.size()));
    first_write_.push_back(static_cast<int>(writes_.size()));
    AddUses(network.layers[layer].inputs, index, reads_);
    AddUses(network.layers[layer].outputs, index, writes_);
    for (size_t i = first_read_.back(); i < reads_.size(); ++i) last_reader_layer_[reads_[i]] = layer;
    for (size_t i = first_write_.back(); i < writes_.size(); ++i) {
      writer_step_[writes_[i]] = step;
      last_reader_layer_[writes_[i]] = layer;
    }
  }
  first_read_.push_back(static_cast<int>(reads_.size()));
  first_write_.push_back(static_cast<int>(writes_.size()));
  for (int row = 0; row < rows(); ++row) {
    if (network.tensors[TensorOfRow(row)].kind == RowTensor::Kind::kOutput) last_reader_layer_[row] = kAfterLast;
  }
}

void StepGraph::AddUses(const std::vector<RowUse>& uses, int index, std::vector<int>& rows) const {
  for (const RowUse& use : uses) {
    const RowRange& range = use.rows[index];
    for (int i = 0; i < range.count; ++i) rows.push_back(RowOf(use.tensor, range.Row(i)));
  }
}

}  // namespace mote::compiler
