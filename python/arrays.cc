#include "python/arrays.h"

#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace mote_python {
namespace {

struct TypePair {
  char kind;  // NumPy's
  int bytes;
  torch::ScalarType type;
};
constexpr TypePair kTypes[] = {
    {'b', 1, torch::kBool},    {'i', 1, torch::kInt8},    {'i', 2, torch::kInt16},
    {'i', 4, torch::kInt32},   {'i', 8, torch::kInt64},   {'u', 1, torch::kUInt8},
    {'f', 2, torch::kFloat16}, {'f', 4, torch::kFloat32}, {'f', 8, torch::kFloat64},
};

std::string TypeName(const py::array& array) { return py::str(static_cast<py::object>(array.dtype())); }

}  // namespace

void Throw(const absl::Status& status) {
  const std::string message(status.message());
  PyObject* type = PyExc_RuntimeError;
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kDataLoss:
      type = PyExc_ValueError;
      break;
    case absl::StatusCode::kNotFound:
      type = PyExc_FileNotFoundError;
      break;
    case absl::StatusCode::kPermissionDenied:
      type = PyExc_PermissionError;
      break;
    case absl::StatusCode::kUnimplemented:
      type = PyExc_NotImplementedError;
      break;
    case absl::StatusCode::kAborted:
      type = PyExc_KeyboardInterrupt;
      break;
    default:
      break;
  }
  PyErr_SetString(type, message.c_str());
  throw py::error_already_set();
}

torch::Tensor ToTensor(const py::handle& object, const std::string& what) {
  py::array array = py::array::ensure(object, py::array::c_style);
  if (!array) {
    PyErr_Clear();
    throw py::value_error(absl::StrCat(what, " is not an array"));
  }
  if (array.dtype().byteorder() == '>') array = array.attr("astype")(array.dtype().attr("newbyteorder")("="));
  for (const TypePair& pair : kTypes) {
    if (array.dtype().kind() != pair.kind || array.itemsize() != pair.bytes) continue;
    const std::vector<int64_t> shape(array.shape(), array.shape() + array.ndim());
    torch::Tensor tensor = torch::empty(shape, pair.type);
    if (array.nbytes() > 0) std::memcpy(tensor.data_ptr(), array.data(), static_cast<size_t>(array.nbytes()));
    return tensor;
  }
  throw py::value_error(absl::StrCat(what, " has the type ", TypeName(array), "; floats or integers are taken"));
}

torch::Tensor ToFloat(const py::handle& object, const std::string& what) {
  return ToTensor(object, what).to(torch::kFloat32).contiguous();
}

torch::Tensor ToLabels(const py::handle& object, const std::string& what) {
  const torch::Tensor tensor = ToTensor(object, what);
  if (!at::isIntegralType(tensor.scalar_type(), /*includeBool=*/false)) {
    throw py::value_error(
        absl::StrCat(what, " holds values of the type ", c10::toString(tensor.scalar_type()), "; labels are integers"));
  }
  return tensor.to(torch::kInt64);
}

py::array ToArray(const torch::Tensor& tensor) {
  auto owner = std::make_unique<torch::Tensor>(tensor.detach().contiguous());
  const torch::Tensor& kept = *owner;
  const char* type = nullptr;
  for (const TypePair& pair : kTypes) {
    if (pair.type != kept.scalar_type()) continue;
    static constexpr const char* kNames[] = {"?", "i1", "i2", "i4", "i8", "u1", "f2", "f4", "f8"};
    type = kNames[&pair - kTypes];
  }
  if (type == nullptr) throw py::value_error(absl::StrCat("no NumPy type for ", c10::toString(kept.scalar_type())));
  const std::vector<py::ssize_t> shape(kept.sizes().begin(), kept.sizes().end());
  void* const data = kept.data_ptr();
  py::capsule capsule(owner.get(), [](void* held) { delete static_cast<torch::Tensor*>(held); });
  owner.release();
  return py::array(py::dtype(type), shape, data, capsule);
}

py::tuple ToTuple(const std::vector<int64_t>& shape) { return py::tuple(py::cast(shape)); }

mote::Dataset MakeDataset(const py::handle& x, const py::handle& y, mote::Task task, int64_t classes,
                          const std::vector<std::string>& class_names, const std::string& what) {
  mote::Dataset data;
  data.name = what;
  data.inputs = ToFloat(x, absl::StrCat(what, " x"));
  if (data.inputs.dim() < 2) {
    throw py::value_error(absl::StrCat(what, " x has ", data.inputs.dim(), " dimensions; [samples, ...] is taken"));
  }
  if (task == mote::Task::kReconstruction) {
    if (!y.is_none()) throw py::value_error(absl::StrCat(what, " y: a reconstruction learns its inputs; leave y out"));
  } else if (y.is_none()) {
    throw py::value_error(absl::StrCat(what, " y is missing"));
  } else if (task == mote::Task::kClassification) {
    data.labels = ToLabels(y, absl::StrCat(what, " y"));
    data.class_names = class_names;
    for (int64_t c = 0; class_names.empty() && c < classes; ++c) data.class_names.push_back(absl::StrCat(c));
    if (static_cast<int64_t>(data.class_names.size()) != classes) {
      throw py::value_error(
          absl::StrCat(class_names.size(), " class names are given, but the network puts out ", classes, " values"));
    }
  } else {
    data.targets = ToFloat(y, absl::StrCat(what, " y"));
    if (data.targets.dim() == 1) data.targets = data.targets.unsqueeze(1);
  }
  if (absl::Status status = mote::Validate(data); !status.ok()) {
    Throw(absl::Status(status.code(), absl::StrCat(what, ": ", status.message())));
  }
  return data;
}

}  // namespace mote_python
