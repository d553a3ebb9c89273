// Constants of the Helium kernels (mcu_runtime/compiled/*_mve.h), as their headers lay them out.
#ifndef MOTE_EXPORT_COMPILER_PACK_MVE_H_
#define MOTE_EXPORT_COMPILER_PACK_MVE_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "export/compiler/requantization_mve.h"

namespace mote::compiler {

// gemm_mve.h. `weights`: [channel][segment][byte], segments * segment_bytes a channel, as in the file.
// Whole blocks of four channels, then the channels that are left over as a block of their own; then 16 bytes of zeros,
// which the kernel reads.
struct PackedBlocksMve {
  std::vector<uint8_t> bytes;
  int blocks_bytes = 0;  // where the block of the channels left over begins: the end of whole blocks
};
PackedBlocksMve PackGemmMve(absl::Span<const int8_t> weights, int segments, int segment_bytes,
                            const MveRequantization& requantization);

// fully_connected_mve.h. `weights`: [output][input]. Whole blocks of eight, then the outputs left over, then 16 zeros.
PackedBlocksMve PackFullyConnectedMve(absl::Span<const int8_t> weights, int inputs,
                                      const MveRequantization& requantization);

// depthwise_conv_2d_mve.h, filters of up to 4 rows. `weights`: [channel][y][x]; quads: [x][4 rows], else [x] of one
// row.
std::vector<uint8_t> PackDepthwiseMve(absl::Span<const int8_t> weights, int filter_height, int filter_width, bool quads,
                                      const MveRequantization& requantization);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_PACK_MVE_H_
