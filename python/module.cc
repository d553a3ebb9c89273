// mote._mote: the rooms' doors for Python. The package around it (mote/__init__.py) gives the functions their
// signatures.
#include <pybind11/pybind11.h>

#include "python/bindings.h"

PYBIND11_MODULE(_mote, module) {
  module.doc() = "The compiled part of mote; use the package's own functions and classes.";
  module.attr("__version__") = MOTE_VERSION;
  mote_python::BindNetworks(module);
  mote_python::BindTraining(module);
  mote_python::BindModels(module);
}
