#include "python/interrupt.h"

#include <pybind11/pybind11.h>

#include <chrono>
#include <exception>
#include <future>
#include <optional>
#include <thread>

namespace mote_python {

namespace py = pybind11;

void RunInterruptibly(const std::function<void(const std::atomic<bool>& interrupt)>& work) {
  std::atomic<bool> interrupt = false;
  std::optional<py::error_already_set> signal;
  std::future<void> done = std::async(std::launch::async, [&] { work(interrupt); });
  while (true) {
    {
      const py::gil_scoped_release release;
      if (done.wait_for(std::chrono::milliseconds(100)) == std::future_status::ready) break;
    }
    if (PyErr_CheckSignals() != 0) {
      if (!signal) signal.emplace();  // takes the pending exception
      PyErr_Clear();
      interrupt = true;
    }
  }
  if (signal) {
    try {
      done.get();
    } catch (const std::exception&) {
      // What stopped the work is the signal.
    }
    throw *signal;
  }
  done.get();
}

}  // namespace mote_python
