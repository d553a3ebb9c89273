// Variants: the ways to compute a layer on a core. A family of kernels (dsp, mve, thumb1, plain) is a list of them.
//
// A variant says of a layer whether it takes it, in which layout it reads its inputs' rows and writes its output's,
// what it costs, and gives the constants and the parameters that the generated code holds. Everything around the
// kernel's call (where rows lie, rings, padding rows above and below, the order of steps) is the emitter's, the same
// for all variants.
#ifndef MOTE_EXPORT_COMPILER_VARIANT_H_
#define MOTE_EXPORT_COMPILER_VARIANT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "export/compiler/network.h"
#include "export/compiler/target.h"

namespace mote::compiler {

// How one row of a tensor lies in memory. Two layouts are the same where all fields are.
struct RowLayout {
  std::string kind =
      "nhwc8";              // nhwc8: [x][channel] int8, as in the file. Others are named by the family that has them.
  int left = 0, right = 0;  // pixels of padding in the row
  int element_bytes = 1;
  int padding_value = 0;  // of each element of padding, within rows and of the rows above and below
  int64_t row_bytes = 0;  // from a row to the next: a multiple of `alignment`
  int alignment = 4;
  bool is_pixels = true;  // pixels lie one behind the other, row_bytes / (left + width + right) bytes each: rows that
                          // follow each other without padding are one longer row
  // Not 0: the image lies turned over, by columns, one this many bytes behind the other. Only kernels that take it in
  // one piece (kVector) have such layouts; row_bytes is then no more than its size divided by its height.
  int64_t column_bytes = 0;

  bool operator==(const RowLayout&) const = default;
};

// int8, [x][channel], without padding and alignment: what the network's inputs and outputs have. Of tensors of other
// types their elements likewise.
RowLayout Nhwc8(const Tensor& tensor);

// A table that the generated code holds in flash.
struct Constant {
  std::string name;     // within the layer: "weights"; the generated code calls it kLayer3Weights
  std::string element;  // "int8_t", "int32_t", "uint32_t", ...
  int alignment = 4;
  std::vector<int64_t> values;
  // Of elements that are structures of int32: how one is written, a $ a value: "{$, {$, $}}".
  std::string structure = {};
};

// How a kernel is called. P is the type of its parameters (KernelUse::params_type); `scratch` is there where
// scratch_bytes is not 0, aligned to 16.
enum class KernelForm {
  // One output row from its window of input rows:
  //   void F(const P&, const uint8_t* const* rows, uint8_t* output [, uint8_t* scratch])
  // rows[i] is the row that tap row i reads; above and below the image it is a constant row of padding.
  kWindow,
  // Any number of pixels from as many pixels of each input, rows of which are alike (is_pixels):
  //   void F(const P&, const uint8_t* const* inputs, int32_t pixels, uint8_t* output [, uint8_t* scratch])
  // It may write over its first input, if `in_place`.
  kPixels,
  // One output row of which every input row is a part (a global pool), row by row:
  //   void F(const P&, int32_t row, const uint8_t* input, uint8_t* state, uint8_t* output)
  // row counts from 0; the last one, P's own number of rows less 1, writes the output. `state` has state_bytes.
  kFold,
  // The whole output from the whole input, each in one piece (a fully connected layer, an image):
  //   void F(const P&, const uint8_t* input, uint8_t* output [, uint8_t* scratch])
  // It writes its output's padding.
  kVector,
  // The recorded calls: whole tensors in nhwc8 (or of any type).
  kWhole,
  // Not a kernel: a row of the network's input that the caller gives is copied to its place.
  kFeed,
};

// What a variant makes of a layer.
struct KernelUse {
  std::string variant;  // "conv_2d_dsp"
  KernelForm form = KernelForm::kWhole;
  std::string function;                        // "mote::compiled::ConvRowDsp", template arguments included
  std::string header;                          // "mcu_runtime/compiled/conv_2d_dsp.h"
  std::vector<std::string> more_headers = {};  // where the function's name needs more than one
  std::string params_type;                     // "mote::compiled::ConvDspParams"
  // Its initializer, fields named in comments. $weights stands for the address of the constant of that name.
  std::string params;
  std::vector<Constant> constants;
  std::vector<RowLayout> reads;  // one an input
  RowLayout writes;
  // The padding within the output's rows. Else the emitter fills it: the ends of a row of pixels, and of other layouts
  // the whole row before the kernel runs.
  bool writes_padding = false;
  // kWindow: what the elements of rows above and below the image hold, where it is not the layout's padding.
  std::optional<int> outside_value;
  bool takes_null_rows = false;  // kWindow: rows above and below the image are null pointers, not rows of padding
  bool in_place = false;
  // kPixels: of a run that this many pixels do not divide, the last ones are computed once more in a whole block of so
  // many, which begins earlier.
  int block_pixels = 1;
  bool reads_block_again = false;  // kPixels: a block's inputs are read after some of its outputs are written
  int64_t scratch_bytes = 0;
  int64_t state_bytes = 0;
  int64_t instructions = 0;             // estimated, of a whole inference
  int64_t recorded_constant_bytes = 0;  // of kWhole: what the recorded calls read of flash
  int64_t code_bytes = 0;  // estimated, of the kernel's code, which layers that use the same function share
  std::string remark;      // for the report: why it is not the fastest ("a weight of -128"), or nothing
};

// What a layer is asked for.
struct Request {
  Target target;
  std::optional<RowLayout> output;  // the layout that the consumers want; none: whatever the variant likes to write
  bool streams = false;             // rows may come one at a time, so that tensors should not be taken whole
};

class Variant {
 public:
  virtual ~Variant() = default;
  virtual std::string name() const = 0;
  // None where it does not take the layer, or cannot write what is asked for.
  virtual std::optional<KernelUse> Use(const Network& network, const Layer& layer, const Request& request) const = 0;
  // A tensor from one layout into another, by KernelForm::kVector or by kWindow with a window of one row; for variants
  // that are conversions, which take no layers.
  virtual std::optional<KernelUse> Convert(const Tensor& tensor, const RowLayout& from, const RowLayout& to,
                                           const Target& target) const;
};

using VariantList = std::vector<std::unique_ptr<Variant>>;

// Each family's own file defines its function (family_dsp.cc, ...); AllVariants (variants.cc) lists them all.
void AddDspVariants(VariantList* variants);       // convolutions, dense layers, planar rows
void AddWinogradVariants(VariantList* variants);  // 3x3 convolutions, where they are asked for (Target::winograd)
void AddMveVariants(VariantList* variants);
void AddThumb1Variants(VariantList* variants);
void AddElementwiseDspVariants(VariantList* variants);  // ADD, SUB, pools
void AddElementwiseMveVariants(VariantList* variants);  // the same, and conversions
void AddPortableVariants(VariantList* variants);        // any core: tables, pools
const VariantList& AllVariants();

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_VARIANT_H_
