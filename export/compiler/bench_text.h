// A bench's report for people and for programs.
#ifndef MOTE_EXPORT_COMPILER_BENCH_TEXT_H_
#define MOTE_EXPORT_COMPILER_BENCH_TEXT_H_

#include <string>

#include "export/compiler/bench.h"

namespace mote::compiler {

// Tables: the layers, and what the model takes.
std::string BenchText(const BenchReport& report);

// The keys are the fields' names, and `ram_bytes`.
std::string BenchJson(const BenchReport& report);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_BENCH_TEXT_H_
