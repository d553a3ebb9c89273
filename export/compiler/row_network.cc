#include "export/compiler/row_network.h"

#include <algorithm>

namespace mote::compiler {
namespace {

bool InRange(const RowRange& range, int rows) {
  if (range.count == 0) return true;
  return range.count > 0 && range.step > 0 && range.first >= 0 && range.Row(range.count - 1) < rows;
}

bool IsWritten(const RowNetwork& network, int tensor) {
  for (const RowLayer& layer : network.layers) {
    for (const RowUse& use : layer.outputs) {
      if (use.tensor == tensor) return true;
    }
  }
  return false;
}

std::string CheckTensor(const RowTensor& tensor) {
  const int64_t alignment = tensor.alignment;
  if (tensor.rows <= 0 || tensor.row_bytes <= 0) return "has no rows or no bytes";
  if (alignment <= 0 || (alignment & (alignment - 1)) != 0) return "has an alignment that is not a power of two";
  return "";
}

std::string CheckUse(const RowNetwork& network, const RowLayer& layer, const RowUse& use) {
  if (use.tensor < 0 || use.tensor >= static_cast<int>(network.tensors.size())) {
    return "uses a tensor that is not there";
  }
  const RowTensor& tensor = network.tensors[use.tensor];
  if (static_cast<int>(use.rows.size()) != layer.steps) {
    return "needs one range of rows a step of '" + tensor.name + "'";
  }
  for (const RowRange& range : use.rows) {
    if (!InRange(range, tensor.rows)) return "uses rows that '" + tensor.name + "' does not have";
  }
  return "";
}

// Follows the layers in order; `written` counts the rows of each tensor that are there.
std::string CheckLayer(const RowNetwork& network, const RowLayer& layer, std::vector<int>& written) {
  if (layer.steps <= 0) return "has no steps";
  if (layer.scratch_bytes < 0 || layer.state_bytes < 0 || layer.step_cost < 0) return "has a negative size or cost";
  if (layer.alignment <= 0 || (layer.alignment & (layer.alignment - 1)) != 0) {
    return "has an alignment that is not a power of two";
  }
  for (const RowUse& use : layer.inputs) {
    if (std::string error = CheckUse(network, layer, use); !error.empty()) return error;
    const RowTensor& tensor = network.tensors[use.tensor];
    if (written[use.tensor] < tensor.rows) {
      return "reads '" + tensor.name + "' before it is written";
    }
  }
  for (const RowUse& use : layer.outputs) {
    if (std::string error = CheckUse(network, layer, use); !error.empty()) return error;
    const RowTensor& tensor = network.tensors[use.tensor];
    int& count = written[use.tensor];
    if (count != 0) return "writes '" + tensor.name + "', which is there already";
    for (const RowRange& range : use.rows) {
      if (range.count > 0 && (range.first != count || range.step != 1)) {
        return "does not write '" + tensor.name + "' in order";
      }
      count += range.count;
    }
    if (count != tensor.rows) return "does not write all rows of '" + tensor.name + "'";
  }
  return "";
}

}  // namespace

std::vector<RowRange> WindowRows(int out_rows, int in_rows, int filter, int stride, int pad, int dilation) {
  std::vector<RowRange> rows(out_rows);
  for (int y = 0; y < out_rows; ++y) {
    const int top = y * stride - pad;
    const int first_tap = top >= 0 ? 0 : (-top + dilation - 1) / dilation;
    const int last_tap = std::min(filter - 1, in_rows - 1 < top ? -1 : (in_rows - 1 - top) / dilation);
    if (last_tap >= first_tap) rows[y] = {top + first_tap * dilation, last_tap - first_tap + 1, dilation};
  }
  return rows;
}

std::vector<RowRange> EachRow(int steps) {
  std::vector<RowRange> rows(steps);
  for (int s = 0; s < steps; ++s) rows[s] = {s, 1, 1};
  return rows;
}

std::vector<RowRange> AllRows(int steps, int rows) { return std::vector<RowRange>(steps, RowRange{0, rows, 1}); }

std::vector<RowRange> LastStep(int steps, int rows) {
  std::vector<RowRange> ranges(steps);
  if (steps > 0) ranges.back() = {0, rows, 1};
  return ranges;
}

std::string CheckNetwork(const RowNetwork& network) {
  if (network.layers.empty()) return "the network has no layers";
  std::vector<int> written(network.tensors.size(), 0);
  for (size_t t = 0; t < network.tensors.size(); ++t) {
    const RowTensor& tensor = network.tensors[t];
    if (std::string error = CheckTensor(tensor); !error.empty()) return "tensor '" + tensor.name + "' " + error;
    const bool constant = tensor.kind == RowTensor::Kind::kExternal && !IsWritten(network, static_cast<int>(t));
    if (tensor.kind == RowTensor::Kind::kInput || constant) written[t] = tensor.rows;
  }
  for (const RowLayer& layer : network.layers) {
    if (std::string error = CheckLayer(network, layer, written); !error.empty()) {
      return "layer '" + layer.name + "' " + error;
    }
  }
  for (size_t t = 0; t < network.tensors.size(); ++t) {
    const RowTensor& tensor = network.tensors[t];
    if (written[t] < tensor.rows) return "tensor '" + tensor.name + "' is not written by any layer";
  }
  return "";
}

}  // namespace mote::compiler
