#include "export/compiler/boards.h"

#include <array>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "export/compiler/peers.h"

namespace mote::compiler {
namespace {

constexpr int kModels = 4;
struct Model {
  const char* name;
  int64_t macs;
};
constexpr Model kTinyModels[kModels] = {
    {"kws_ref_model", 2656768}, {"vww_96_int8", 7489664}, {"pretrainedResnet_quant", 12501632}, {"ad01_int8", 264192}};

// A submission to MLPerf Tiny, closed division: the medians of performance/results.txt and energy/results.txt.
struct Published {
  std::array<double, kModels> inferences_a_second;
  std::array<double, kModels> microjoules;  // 0: not published
};

// https://github.com/mlcommons/tiny_results_v1.0, commit c7761cf84076d601c4a0ed2ecc51e77d40696ed2.
constexpr Published kL4r5CmsisNn = {{10.019, 3.320, 2.567, 116.212}, {5230.273, 15531.354, 20236.298, 443.184}};
constexpr Published kNrf5340CmsisNn = {{13.143, 4.310, 3.163, 159.579}, {0, 0, 0, 0}};
constexpr Published kL4r5CubeAi = {{13.323, 4.339, 4.407, 131.950}, {3371.738, 10066.628, 10681.623, 322.977}};
constexpr Published kU575CubeAi = {{22.608, 7.496, 7.158, 206.211}, {1138.534, 3364.456, 3641.998, 119.113}};
constexpr Published kH7a3CubeAi = {{59.667, 19.722, 18.401, 547.705}, {2721.781, 7978.465, 8707.284, 266.486}};
constexpr double kL4r5Megahertz = 120;
constexpr char kCmsisNnSource[] = "MLPerf Tiny v1.0, OctoML, microTVM with CMSIS-NN";
constexpr char kCubeAiSource[] = "MLPerf Tiny v1.0, STMicroelectronics, X-CUBE-AI 7.3";

struct Board {
  const char* name;
  const char* core;
  double megahertz;
  const Published* published;
  bool is_cmsis_nn;
  const char* source;
};
constexpr Board kBoards[] = {
    {"nucleo-l4r5zi", "cortex-m4", kL4r5Megahertz, &kL4r5CmsisNn, true, kCmsisNnSource},
    {"nrf5340-dk", "cortex-m33", 128, &kNrf5340CmsisNn, true, kCmsisNnSource},
    {"nucleo-u575zi-q", "cortex-m33", 160, &kU575CubeAi, false, kCubeAiSource},
    {"nucleo-h7a3zi-q", "cortex-m7", 280, &kH7a3CubeAi, false, kCubeAiSource},
};

// Of CMSIS-NN's kernels, as counted for the peers' table.
absl::StatusOr<double> CmsisNnInstructions(int model, const std::string& core) {
  const absl::StatusOr<std::vector<Peer>> peers =
      FindPeers(kPeersOfThisVersion, kTinyModels[model].name, kTinyModels[model].macs, core);
  if (!peers.ok()) return peers.status();
  for (const Peer& peer : *peers) {
    if (peer.name == "TFLM with CMSIS-NN") return static_cast<double>(peer.instructions);
  }
  return absl::InternalError(absl::StrCat("no count of ", kTinyModels[model].name, " on ", core));
}

// The mean over all results but `left_out` (-1: over all).
double Mean(const std::array<double, kModels>& values, int left_out) {
  double sum = 0;
  int count = 0;
  for (int i = 0; i < kModels; ++i) {
    if (i == left_out) continue;
    sum += values[i];
    ++count;
  }
  return sum / count;
}

// The mean of how far the mean of the others is from each.
double MeanError(const std::array<double, kModels>& values) {
  double sum = 0;
  for (int i = 0; i < kModels; ++i) sum += std::abs(Mean(values, i) / values[i] - 1);
  return sum / kModels;
}

// Cycles an instruction in each result. Counts of X-CUBE-AI's instructions are not known; but its cycles on the L4R5
// are, and what that board takes an instruction.
absl::StatusOr<std::array<double, kModels>> CyclesOf(const Board& board) {
  std::array<double, kModels> cycles;
  for (int i = 0; i < kModels; ++i) {
    const absl::StatusOr<double> counted = CmsisNnInstructions(i, board.is_cmsis_nn ? board.core : "cortex-m4");
    if (!counted.ok()) return counted.status();
    double instructions = *counted;
    if (!board.is_cmsis_nn) {
      instructions *= kL4r5CmsisNn.inferences_a_second[i] / kL4r5CubeAi.inferences_a_second[i];
    }
    cycles[i] = board.megahertz * 1e6 / board.published->inferences_a_second[i] / instructions;
  }
  return cycles;
}

}  // namespace

std::vector<std::string> BoardNames() {
  std::vector<std::string> names;
  for (const Board& board : kBoards) names.emplace_back(board.name);
  return names;
}

absl::StatusOr<BoardEstimate> EstimateOnBoard(const std::string& name, const std::string& core, int64_t instructions) {
  for (const Board& board : kBoards) {
    if (name != board.name) continue;
    if (core != board.core) {
      return absl::InvalidArgumentError(absl::StrCat("board ", name, " has a ", board.core, ", not a ", core));
    }
    const absl::StatusOr<std::array<double, kModels>> cycles = CyclesOf(board);
    if (!cycles.ok()) return cycles.status();
    BoardEstimate estimate;
    estimate.board = name;
    estimate.megahertz = board.megahertz;
    estimate.results = kModels;
    estimate.source = board.source;
    estimate.cycles = Mean(*cycles, -1);
    estimate.time_error = MeanError(*cycles);
    estimate.milliseconds = static_cast<double>(instructions) * estimate.cycles / (board.megahertz * 1e3);
    std::array<double, kModels> power, energy;  // milliwatts; an instruction's energy, in any unit
    for (int i = 0; i < kModels; ++i) {
      power[i] = board.published->microjoules[i] * board.published->inferences_a_second[i] * 1e-3;
      energy[i] = power[i] * (*cycles)[i];
    }
    estimate.milliwatts = Mean(power, -1);
    if (estimate.milliwatts == 0) return estimate;
    estimate.microjoules = estimate.milliseconds * estimate.milliwatts;
    for (int i = 0; i < kModels; ++i) {
      estimate.energy_error += std::abs(Mean(power, i) * Mean(*cycles, i) / energy[i] - 1) / kModels;
    }
    return estimate;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("board \"", name, "\" is not known; one of ", absl::StrJoin(BoardNames(), ", ")));
}

}  // namespace mote::compiler
