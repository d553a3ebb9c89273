// Dictionaries of options, as the Python functions of the package hand them on, into the options of the rooms.
#ifndef MOTE_PYTHON_OPTIONS_H_
#define MOTE_PYTHON_OPTIONS_H_

#include <pybind11/pybind11.h>

#include <string>

#include "quantize/quantize.h"
#include "train/fit.h"

namespace mote_python {

namespace py = pybind11;

mote::Task TaskFromName(const std::string& name);

// Every key is one of `fit`'s arguments in mote/__init__.py; None and absent keys leave the default. ValueError where a
// value is out of range (by CheckFitOptions) or no choice, TypeError for an unknown key or a wrong type.
mote::FitOptions FitOptionsFrom(const py::dict& values);
mote::QuantizeOptions QuantizeOptionsFrom(const py::dict& values);

}  // namespace mote_python

#endif  // MOTE_PYTHON_OPTIONS_H_
