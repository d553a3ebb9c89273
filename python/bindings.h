// The parts of the module, one file each, and the classes that they share.
#ifndef MOTE_PYTHON_BINDINGS_H_
#define MOTE_PYTHON_BINDINGS_H_

#include <pybind11/pybind11.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "export/runtime_model.h"
#include "quantize/quantize.h"
#include "train/fit.h"
#include "train/float_network.h"
#include "train/network.h"

namespace mote_python {

namespace py = pybind11;

// A network being built (`builder`), or one that was read whole.
struct NetworkHandle {
  std::optional<mote::NetworkBuilder> builder;
  mote::Network whole;

  mote::Network get() const { return builder ? builder->Build() : whole; }
};

// What the float network and its quantized twin have in common in Python.
struct Trained {
  mote::Network network;
  mote::Task task = mote::Task::kClassification;
  std::vector<std::string> class_names;  // classification; else empty
  std::vector<mote::EpochReport> history;
};
struct TrainedFloat : Trained {
  std::unique_ptr<mote::FloatNetwork> model;
};
struct TrainedQuantized : Trained {
  std::unique_ptr<mote::QuantizedNetwork> model;

  mote::IntegerNetwork Integer() const;  // with class names; throws
};

void BindNetworks(py::module_& module);
void BindTraining(py::module_& module);
void BindModels(py::module_& module);

}  // namespace mote_python

#endif  // MOTE_PYTHON_BINDINGS_H_
