#include "export/compiler/stream_run.h"

namespace mote::compiler {

int FramesToCompare(const Stream& stream) { return 2 * stream.frames() + 1; }

Inputs WindowsOf(const CompiledModel& model, const Inputs& frames) {
  const int64_t window_bytes = model.input_bytes / model.stream->frame_rows * model.stream->window_rows;
  Inputs windows;
  windows.samples = frames.samples;
  windows.steps = frames.steps - model.stream->frames() + 1;
  for (int sample = 0; sample < frames.samples; ++sample) {
    for (int frame = model.stream->frames(); frame <= frames.steps; ++frame) {
      const int64_t end = (int64_t{sample} * frames.steps + frame) * model.input_bytes;
      windows.bytes += frames.bytes.substr(static_cast<size_t>(end - window_bytes), static_cast<size_t>(window_bytes));
    }
  }
  return windows;
}

std::string OutputsOfWindows(const CompiledModel& model, const std::string& outputs, int steps) {
  std::string result;
  const size_t sample_bytes = static_cast<size_t>(model.output_bytes * steps);
  const size_t before = static_cast<size_t>(model.output_bytes * (model.stream->frames() - 1));
  for (size_t at = 0; at < outputs.size(); at += sample_bytes) {
    result += outputs.substr(at + before, sample_bytes - before);
  }
  return result;
}

}  // namespace mote::compiler
