// Model, the device runtime on the host, and verify.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/data.h"
#include "export/emulator.h"
#include "export/inspect.h"
#include "export/verify.h"
#include "python/arrays.h"
#include "python/bindings.h"

namespace mote_python {
namespace {

using Model = mote::RuntimeModel;

// One array, or a list or tuple with one an input; each int8 codes or real values, and whether any was real.
struct Inputs {
  std::vector<torch::Tensor> codes;
  bool real = false;
};

Inputs ToInputs(const Model& model, const py::object& x) {
  std::vector<py::object> arrays;
  if (py::isinstance<py::list>(x) || py::isinstance<py::tuple>(x)) {
    for (const py::handle& item : x) arrays.push_back(py::reinterpret_borrow<py::object>(item));
    // A plain nested list of numbers is one array.
    if (!arrays.empty() && !py::isinstance<py::array>(arrays[0])) arrays = {x};
  } else {
    arrays = {x};
  }
  if (arrays.size() != model.inputs().size()) {
    throw py::value_error(
        absl::StrCat("the model has ", model.inputs().size(), " inputs, but ", arrays.size(), " arrays are given"));
  }
  Inputs inputs;
  for (size_t i = 0; i < arrays.size(); ++i) {
    const mote::TensorInfo& info = model.tensors()[static_cast<size_t>(model.inputs()[i])];
    const std::string what = arrays.size() == 1 ? "the input" : absl::StrCat("input ", i);
    const torch::Tensor array = ToTensor(arrays[i], what);
    inputs.real = inputs.real || array.is_floating_point();
    inputs.codes.push_back(info.type == "int8" ? Value(mote::CodesFor(info, array, what)) : array);
  }
  return inputs;
}

torch::Tensor ToReal(const mote::TensorInfo& info, const torch::Tensor& codes) {
  if (info.scales.size() != 1 || info.zero_points.size() != 1) {
    throw py::value_error(absl::StrCat("tensor '", info.name, "' has no scale; give int8 codes to get codes"));
  }
  return (codes.to(torch::kInt32) - info.zero_points[0]).to(torch::kFloat32) * info.scales[0];
}

Model::Result Run(const Model& model, const Inputs& inputs, bool keep) {
  absl::StatusOr<Model::Result> result;
  {
    const py::gil_scoped_release release;
    result = model.Invoke(inputs.codes, keep);
  }
  return Value(std::move(result));
}

py::object Call(const Model& model, const py::object& x) {
  const Inputs inputs = ToInputs(model, x);
  const Model::Result result = Run(model, inputs, /*keep=*/false);
  py::list outputs;
  for (size_t i = 0; i < result.outputs.size(); ++i) {
    const mote::TensorInfo& info = model.tensors()[static_cast<size_t>(model.outputs()[i])];
    const bool real = inputs.real && info.type == "int8";
    outputs.append(ToArray(real ? ToReal(info, result.outputs[i]) : result.outputs[i]));
  }
  if (outputs.size() == 1) return outputs[0];
  return py::tuple(outputs);
}

py::dict AllTensors(const Model& model, const py::object& x) {
  py::dict out;
  for (const auto& [index, tensor] : Run(model, ToInputs(model, x), /*keep=*/true).tensors)
    out[py::int_(index)] = ToArray(tensor);
  return out;
}

double ModelAccuracy(const Model& model, const py::object& x, const py::object& y) {
  const Inputs inputs = ToInputs(model, x);
  const torch::Tensor labels = ToLabels(y, "y");
  const torch::Tensor outputs = Run(model, inputs, /*keep=*/false).outputs.at(0);
  if (labels.dim() != 1 || labels.size(0) != outputs.size(0)) {
    throw py::value_error(absl::StrCat("y has the shape ", std::string(py::repr(ToTuple(labels.sizes().vec()))),
                                       "; a label for each of the ", outputs.size(0), " samples is taken"));
  }
  return mote::Accuracy(outputs.reshape({outputs.size(0), -1}), labels);
}

// (equal, table, JSON text)
py::tuple Verify(const Model& model, const py::object& x, const py::object& y, const std::vector<std::string>& backends,
                 TrainedQuantized* training) {
  const Inputs inputs = ToInputs(model, x);
  if (inputs.codes.size() != 1) throw py::value_error("verify takes models with one input");
  torch::Tensor labels;
  if (!y.is_none()) labels = ToLabels(y, "y");
  mote::VerifyOptions options;
  options.backends = backends;
  options.training = training == nullptr ? nullptr : training->model.get();
  absl::StatusOr<std::vector<mote::BackendResult>> results;
  {
    const py::gil_scoped_release release;
    results = mote::VerifyModel(model, inputs.codes[0], labels, options);
  }
  Check(results.status());
  return py::make_tuple(mote::AllEqual(*results), mote::VerifyTable(*results), mote::VerifyJson(*results));
}

}  // namespace

void BindModels(py::module_& module) {
  py::class_<mote::TensorInfo>(module, "TensorInfo", "One tensor of a model file.")
      .def_readonly("index", &mote::TensorInfo::index)
      .def_readonly("name", &mote::TensorInfo::name)
      .def_readonly("type", &mote::TensorInfo::type)
      .def_property_readonly("shape", [](const mote::TensorInfo& t) { return ToTuple(t.shape); })
      .def_readonly("scales", &mote::TensorInfo::scales)
      .def_readonly("zero_points", &mote::TensorInfo::zero_points)
      .def_readonly("quantized_dimension", &mote::TensorInfo::quantized_dimension)
      .def_readonly("bytes", &mote::TensorInfo::bytes)
      .def_readonly("constant", &mote::TensorInfo::constant)
      .def("__repr__", [](const mote::TensorInfo& t) {
        return absl::StrCat("<mote.TensorInfo ", t.index, " '", t.name, "': ", t.type, " ",
                            std::string(py::repr(ToTuple(t.shape))), ">");
      });
  py::class_<mote::OperatorInfo>(module, "OperatorInfo", "One operator of a model file.")
      .def_readonly("index", &mote::OperatorInfo::index)
      .def_readonly("name", &mote::OperatorInfo::name)
      .def_readonly("inputs", &mote::OperatorInfo::inputs)
      .def_readonly("outputs", &mote::OperatorInfo::outputs)
      .def_readonly("macs", &mote::OperatorInfo::macs)
      .def_readonly("detail", &mote::OperatorInfo::detail)
      .def("__repr__", [](const mote::OperatorInfo& op) {
        return absl::StrCat("<mote.OperatorInfo ", op.index, " ", op.name, ">");
      });
  py::class_<Model>(module, "Model", "A .tflite file on the device runtime: the arithmetic of the firmware.")
      .def(py::init([](const py::object& path) {
             return Value(Model::Load(py::module_::import("os").attr("fspath")(path).cast<std::string>()));
           }),
           py::arg("path"))
      .def_static(
          "from_bytes",
          [](const py::bytes& data, const std::string& name) {
            return Value(Model::FromBytes(std::string(data), name));
          },
          py::arg("data"), py::arg("name") = "model")
      .def("__call__", &Call, py::arg("x"))
      .def("all_tensors", &AllTensors, py::arg("x"))
      .def("accuracy", &ModelAccuracy, py::arg("x"), py::arg("y"))
      .def_property_readonly("tensors", [](const Model& model) { return model.tensors(); })
      .def_property_readonly("operators", [](const Model& model) { return model.operators(); })
      .def_property_readonly("inputs", [](const Model& model) { return model.inputs(); })
      .def_property_readonly("outputs", [](const Model& model) { return model.outputs(); })
      .def_property_readonly("arena_bytes", &Model::arena_bytes)
      .def_property_readonly("metadata", &Model::metadata)
      .def_property_readonly("class_names", &Model::class_names)
      .def_property_readonly("bytes", [](const Model& model) { return py::bytes(model.bytes()); })
      .def("inspect", &mote::InspectTable)
      .def("inspect_json", &mote::InspectJson);
  module.def("verify", &Verify, py::arg("model"), py::arg("x"), py::arg("y"), py::arg("backends"), py::arg("training"));
  module.def("cores", [] {
    std::vector<std::string> names;
    for (const mote::CoreInfo& core : mote::EmulatedCores()) {
      if (mote::CoreAvailable(core.name).ok()) names.push_back(core.name);
    }
    return names;
  });
}

}  // namespace mote_python
