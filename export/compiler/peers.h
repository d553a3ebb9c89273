// What other tools' figures are of the same model on the same core, measured once in the same way.
#ifndef MOTE_EXPORT_COMPILER_PEERS_H_
#define MOTE_EXPORT_COMPILER_PEERS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace mote::compiler {

struct Peer {
  std::string name;          // "TFLM with CMSIS-NN"
  int64_t instructions = 0;  // of one inference
  int64_t code_bytes = 0;    // 0 where it was not measured
  int64_t ram_bytes = 0;     // likewise
};

// peers_device.json of this folder: how its figures were measured stands in it.
extern const char kPeersOfThisVersion[];

// Of the model with this name (the file's, without ending) and as many MAC; none where the table does not have it.
// Errors: InvalidArgument for a text that is no such table.
absl::StatusOr<std::vector<Peer>> FindPeers(const std::string& table, const std::string& model, int64_t macs,
                                            const std::string& core);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_PEERS_H_
