// Streamed models are compared with the model of the file on each window of their frames.
#ifndef MOTE_EXPORT_COMPILER_STREAM_RUN_H_
#define MOTE_EXPORT_COMPILER_STREAM_RUN_H_

#include <string>

#include "export/compiler/compile.h"
#include "export/compiler/run.h"

namespace mote::compiler {

// Steps of a sample: two windows and more, so that every row that is kept has been another one before.
int FramesToCompare(const Stream& stream);

// Of frames, which are a streamed model's inputs, the windows: of each sample as many steps as have a whole one.
Inputs WindowsOf(const CompiledModel& model, const Inputs& frames);

// A streamed model's outputs of `steps` frames a sample without those before the first whole window.
std::string OutputsOfWindows(const CompiledModel& model, const std::string& outputs, int steps);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_STREAM_RUN_H_
