// NumPy arrays to tensors and back, without torch's Python side; statuses to Python exceptions.
#ifndef MOTE_PYTHON_ARRAYS_H_
#define MOTE_PYTHON_ARRAYS_H_

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "datasets/dataset.h"
#include "torch/types.h"
#include "train/trainable.h"

namespace mote_python {

namespace py = pybind11;

// ValueError, FileNotFoundError, PermissionError, NotImplementedError, KeyboardInterrupt or RuntimeError, by the code.
[[noreturn]] void Throw(const absl::Status& status);

inline void Check(const absl::Status& status) {
  if (!status.ok()) Throw(status);
}
template <typename T>
T Value(absl::StatusOr<T> result) {
  if (!result.ok()) Throw(result.status());
  return *std::move(result);
}

// A copy of `array` (anything that NumPy takes for one) as a tensor of its own type. `what` names it in errors.
torch::Tensor ToTensor(const py::handle& array, const std::string& what);
// The same, as float32: from floats, integers and bools.
torch::Tensor ToFloat(const py::handle& array, const std::string& what);
// The same, as int64, from integers only.
torch::Tensor ToLabels(const py::handle& array, const std::string& what);

// An array over the tensor's own memory, which it keeps alive.
py::array ToArray(const torch::Tensor& tensor);

py::tuple ToTuple(const std::vector<int64_t>& shape);

// A checked dataset. Classification: `y` holds labels 0..classes-1; regression: targets; reconstruction: None.
mote::Dataset MakeDataset(const py::handle& x, const py::handle& y, mote::Task task, int64_t classes,
                          const std::vector<std::string>& class_names, const std::string& what);

}  // namespace mote_python

#endif  // MOTE_PYTHON_ARRAYS_H_
