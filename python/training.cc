// fit, quantize, evaluate and export.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "export/tflite.h"
#include "python/arrays.h"
#include "python/bindings.h"
#include "python/interrupt.h"
#include "python/options.h"

namespace mote_python {
namespace {

py::dict ReportDict(const mote::EpochReport& report) {
  py::dict out;
  out["epoch"] = report.epoch;
  out["epochs"] = report.epochs;
  out["train_loss"] = report.train_loss;
  out["train_metric"] = report.train_metric;
  out["validation_loss"] = report.validation_loss;
  out["validation_metric"] = report.validation_metric;
  out["learning_rate"] = report.learning_rate;
  out["seconds"] = report.seconds;
  return out;
}

struct Data {
  mote::Dataset train, validation;
};

int64_t OutputSize(const mote::Network& network) {
  const std::vector<mote::Shape> shapes = Value(mote::InferShapes(network));
  int64_t size = 1;
  for (int64_t extent : shapes.back()) size *= extent;
  return size;
}

mote::Dataset DataFor(const mote::Network& network, const py::object& x, const py::object& y, mote::Task task,
                      const std::vector<std::string>& class_names, const std::string& what) {
  mote::Dataset data = MakeDataset(x, y, task, OutputSize(network), class_names, what);
  if (data.sample_shape() != network.input_shape) {
    throw py::value_error(absl::StrCat(what, " x holds samples of the shape ",
                                       std::string(py::repr(ToTuple(data.sample_shape()))), "; network '", network.name,
                                       "' takes ", std::string(py::repr(ToTuple(network.input_shape)))));
  }
  return data;
}

Data MakeData(const py::object& x, const py::object& y, const py::object& validation_x, const py::object& validation_y,
              mote::Task task, const mote::Network& network, const std::vector<std::string>& class_names) {
  Data data;
  data.train = DataFor(network, x, y, task, class_names, "training data");
  if (!validation_x.is_none()) {
    data.validation = DataFor(network, validation_x, validation_y, task, class_names, "validation data");
  }
  return data;
}

std::vector<mote::EpochReport> FitModel(mote::Trainable& model, const Data& data, mote::FitOptions options,
                                        const py::object& on_epoch) {
  std::exception_ptr raised;  // by on_epoch
  if (!on_epoch.is_none()) {
    options.on_epoch = [&](const mote::EpochReport& report) -> absl::Status {
      const py::gil_scoped_acquire acquire;
      try {
        on_epoch(ReportDict(report));
        return absl::OkStatus();
      } catch (const py::error_already_set&) {
        raised = std::current_exception();
        return absl::CancelledError("on_epoch raised an exception");
      }
    };
  }
  absl::StatusOr<mote::FitResult> result;
  RunInterruptibly([&](const std::atomic<bool>& interrupt) {
    options.interrupt = &interrupt;
    result = mote::Fit(model, data.train, data.validation, options);
  });
  if (raised) std::rethrow_exception(raised);
  return Value(std::move(result)).epochs;
}

TrainedFloat FitFloat(const NetworkHandle& network, const py::object& x, const py::object& y,
                      const py::object& validation_x, const py::object& validation_y,
                      const std::vector<std::string>& class_names, const py::dict& values, const py::object& on_epoch) {
  const mote::FitOptions options = FitOptionsFrom(values);
  TrainedFloat trained;
  trained.network = network.get();
  trained.task = options.task;
  const Data data = MakeData(x, y, validation_x, validation_y, options.task, trained.network, class_names);
  trained.class_names = data.train.class_names;
  trained.model = Value(mote::FloatNetwork::Create(trained.network, options.seed));
  trained.history = FitModel(*trained.model, data, options, on_epoch);
  return trained;
}

// Without `values` for training: calibration only.
TrainedQuantized Quantize(const TrainedFloat& source, const py::object& x, const py::object& y,
                          const py::object& validation_x, const py::object& validation_y, const py::dict& quantization,
                          const py::object& values, const py::object& on_epoch) {
  const mote::QuantizeOptions options = QuantizeOptionsFrom(quantization);
  TrainedQuantized trained;
  static_cast<Trained&>(trained) = source;
  trained.history.clear();
  const bool train = !values.is_none();
  Data data;
  if (train) {
    data = MakeData(x, y, validation_x, validation_y, source.task, source.network, source.class_names);
  } else {
    data.train = DataFor(source.network, x, py::none(), mote::Task::kReconstruction, {}, "calibration data");
  }
  absl::StatusOr<std::unique_ptr<mote::QuantizedNetwork>> model;
  {
    const py::gil_scoped_release release;
    model = mote::QuantizedNetwork::Create(*source.model, data.train, options);
  }
  trained.model = Value(std::move(model));
  if (train) {
    mote::FitOptions fit = FitOptionsFrom(values.cast<py::dict>());
    fit.task = source.task;
    trained.history = FitModel(*trained.model, data, fit, on_epoch);
  }
  return trained;
}

py::tuple Evaluate(const Trained& trained, mote::Trainable& model, const py::object& x, const py::object& y) {
  const mote::Dataset data = DataFor(trained.network, x, y, trained.task, trained.class_names, "data");
  absl::StatusOr<mote::Metrics> metrics;
  {
    const py::gil_scoped_release release;
    metrics = mote::Evaluate(model, data, trained.task);
  }
  Check(metrics.status());
  return py::make_tuple(metrics->metric, metrics->loss);
}

py::array Predict(const Trained& trained, mote::Trainable& model, const py::object& x) {
  const torch::Tensor inputs = ToFloat(x, "x");
  std::vector<int64_t> wanted = trained.network.input_shape;
  wanted.insert(wanted.begin(), inputs.dim() > 0 ? inputs.size(0) : 0);
  if (inputs.sizes().vec() != wanted || inputs.size(0) == 0) {
    throw py::value_error(absl::StrCat("x has the shape ", std::string(py::repr(ToTuple(inputs.sizes().vec()))),
                                       "; [samples, ...] is taken, with samples of ",
                                       std::string(py::repr(ToTuple(trained.network.input_shape)))));
  }
  torch::Tensor out;
  {
    const py::gil_scoped_release release;
    std::vector<torch::Tensor> parts;
    for (const torch::Tensor& part : inputs.split(256)) parts.push_back(model.Predict(part));
    out = torch::cat(parts);
  }
  return ToArray(out);
}

// What both kinds of trained networks have in Python.
template <typename T>
py::class_<T> BindTrained(py::module_& module, const char* name, const char* doc) {
  return py::class_<T>(module, name, doc)
      .def_property_readonly("network",
                             [](const T& self) {
                               NetworkHandle network;
                               network.whole = self.network;
                               return network;
                             })
      .def_readonly("class_names", &T::class_names)
      .def_property_readonly("history",
                             [](const T& self) {
                               py::list reports;
                               for (const mote::EpochReport& report : self.history) reports.append(ReportDict(report));
                               return reports;
                             })
      .def(
          "predict", [](const T& self, const py::object& x) { return Predict(self, *self.model, x); }, py::arg("x"))
      .def(
          "__call__", [](const T& self, const py::object& x) { return Predict(self, *self.model, x); }, py::arg("x"))
      .def(
          "evaluate",
          [](const T& self, const py::object& x, const py::object& y) { return Evaluate(self, *self.model, x, y); },
          py::arg("x"), py::arg("y") = py::none())
      .def("weights", [](const T& self) {
        py::dict weights;
        for (const auto& list : {self.model->Parameters(), self.model->Buffers()}) {
          for (const auto& [key, tensor] : list) weights[py::str(key)] = ToArray(tensor.detach().clone());
        }
        return weights;
      });
}

}  // namespace

mote::IntegerNetwork TrainedQuantized::Integer() const {
  mote::IntegerNetwork integer = Value(model->ToInteger());
  integer.class_names = class_names;
  return integer;
}

void BindTraining(py::module_& module) {
  BindTrained<TrainedFloat>(module, "FloatModel", "A trained float network.");
  BindTrained<TrainedQuantized>(module, "QuantizedModel",
                                "The quantized twin of a float network. It computes the integers that its file holds.")
      .def(
          "to_tflite",
          [](const TrainedQuantized& self, const std::map<std::string, std::string>& metadata,
             std::optional<int64_t> selftest) {
            mote::IntegerNetwork integer = self.Integer();
            for (const auto& [key, value] : metadata) integer.metadata[key] = value;
            return py::bytes(Value(mote::ToTflite(integer, {selftest})));
          },
          py::arg("metadata") = std::map<std::string, std::string>(), py::arg("selftest") = py::none())
      .def(
          "export",
          [](const TrainedQuantized& self, const std::string& path, const std::map<std::string, std::string>& metadata,
             std::optional<int64_t> selftest) {
            mote::IntegerNetwork integer = self.Integer();
            for (const auto& [key, value] : metadata) integer.metadata[key] = value;
            Check(mote::ExportTflite(integer, path, {selftest}));
          },
          py::arg("path"), py::arg("metadata") = std::map<std::string, std::string>(),
          py::arg("selftest") = py::none());
  module.def("fit", &FitFloat, py::arg("network"), py::arg("x"), py::arg("y"), py::arg("validation_x"),
             py::arg("validation_y"), py::arg("class_names"), py::arg("options"), py::arg("on_epoch"));
  module.def("quantize", &Quantize, py::arg("model"), py::arg("x"), py::arg("y"), py::arg("validation_x"),
             py::arg("validation_y"), py::arg("quantization"), py::arg("options"), py::arg("on_epoch"));
}

}  // namespace mote_python
