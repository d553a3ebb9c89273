// Pieces of text that the emitted files share.
#ifndef MOTE_EXPORT_COMPILER_TEXT_H_
#define MOTE_EXPORT_COMPILER_TEXT_H_

#include <string>

#include "export/compiler/plan.h"

namespace mote::compiler {

std::string Upper(const std::string& text);
std::string Capitalized(const std::string& text);  // "weights" -> "Weights", "row_sums" -> "RowSums"
std::string ShapeText(const Tensor& tensor);       // "[49, 10, 1]": without a batch of 1

// "CONV_2D 10x4 stride 2, [49, 10, 1] -> [25, 5, 64]", or what a conversion does.
std::string StageText(const Network& network, const Plan& plan, const Stage& stage);

// C++ with its lines of over 120 columns broken: after commas, the outer ones rather than the inner; comments between
// words.
std::string WithoutWideLines(const std::string& text);

// The constants of a table, 120 columns wide, `indent` spaces before each line.
std::string TableText(const std::vector<int64_t>& values, int indent);
// The same of structures, a $ of `structure` a value: "{$, {$, $}}".
std::string StructuresText(const std::vector<int64_t>& values, const std::string& structure, int indent);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_TEXT_H_
