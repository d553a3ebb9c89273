// What variants for cores with the DSP extension have in common: how the generated code names their kernels and writes
// their parameters.
#ifndef MOTE_EXPORT_COMPILER_DSP_USE_H_
#define MOTE_EXPORT_COMPILER_DSP_USE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "export/compiler/pack_dsp.h"
#include "export/compiler/variant.h"

namespace mote::compiler {

inline constexpr char kExtremeWeight[] = "a weight of -128";  // a remark

const char* Bool(bool value);

const char* RequantizeName(const DspRequantization& requantization);  // of mote::compiled::DspRequantize
bool HasSums(const DspRequantization& requantization);                // kSums
// The shift stands in instructions of the other forms alone, but always in their template's arguments.
int ShiftArgument(const DspRequantization& requantization);
// Instructions from a sum to a stored code.
int64_t InstructionsACode(const DspRequantization& requantization);

// How a row kernel finds the elements of its output.
struct OutputPlaces {
  const char* name = "kNhwc8";        // of mote::compiled::DspLayout
  const char* image_name = "kNhwc8";  // of an image of such rows at once
  int element_bytes = 1;
  int64_t pixel = 1, channel = 1;  // bytes from one to the next
  int64_t left = 0;                // bytes before the first pixel
  bool planar = false;
};

// None where it is no layout of theirs.
std::optional<OutputPlaces> PlacesOf(const Tensor& tensor, const RowLayout& layout);

void AddConstants(const std::vector<uint8_t>& stream, const DspRequantization& requantization, KernelUse* use);

// Fields of parameters.
std::string ShiftsText(const DspRequantization& requantization);
std::string RangeText(const Layer& layer);
// What parameters end with.
std::string ConstantsText(const Layer& layer, const DspRequantization& requantization, const std::string& stream);

// Where codes are to be clamped once more: `count` bytes of what a call of the kernel writes, or of a pixel (kPixels).
void AddClamp(const Layer& layer, const DspRequantization& requantization, int64_t count, KernelUse* use);

// A filter of one tap and stride 1.
bool IsPointwise(const Layer& layer);

// Whether a layer is a small part of the network's work: less code is then worth more than its instructions.
bool IsMinor(const Network& network, const Layer& layer);

// Chunks of four products in the unrolled loops of a network's convolutions, one number for all, so that they share
// blocks: fewer rounds for more code.
int UnrollForSpeed(const Network& network);
inline constexpr int kUnrollForSize = 1;

// mote::compiled::PatchWindow.
std::string PatchWindowText(const Layer& layer);

// What a call of a row kernel writes: of planar rows all, padding included.
int64_t RowCodeBytes(const Layer& layer, const RowLayout& layout);

// family_runs_dsp.cc
std::unique_ptr<Variant> MakeRunConvDsp();

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_DSP_USE_H_
