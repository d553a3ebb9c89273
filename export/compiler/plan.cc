#include "export/compiler/plan.h"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "datasets/nearest.h"
#include "export/compiler/conversions.h"
#include "export/compiler/family_winograd.h"
#include "export/compiler/plain.h"
#include "export/compiler/schedule_check.h"
#include "export/compiler/sizes.h"
#include "export/compiler/stream.h"

namespace mote::compiler {
namespace {

constexpr int64_t kPlaceAlignment = 16;
constexpr int64_t kNever = int64_t{1} << 60;  // what a conversion costs that no variant has

// The layout that all readers of a tensor ask for, or the file's where they differ.
RowLayout WantedLayout(const Network& network, const Tensor& tensor, const std::vector<KernelUse>& uses) {
  std::optional<RowLayout> wanted;
  if (tensor.is_output || (tensor.is_state && !tensor.is_window)) return Nhwc8(tensor);
  for (const int consumer : tensor.consumers) {
    const Layer& layer = network.layers[consumer];
    for (size_t i = 0; i < layer.inputs.size(); ++i) {
      if (layer.inputs[i] != tensor.index) continue;
      const RowLayout& layout = uses[consumer].reads[i];
      if (wanted && *wanted != layout) return Nhwc8(tensor);
      wanted = layout;
    }
  }
  return wanted.value_or(Nhwc8(tensor));
}

RowUse Uses(int tensor, std::vector<RowRange> rows) {
  RowUse use;
  use.tensor = tensor;
  use.rows = std::move(rows);
  return use;
}

// What layers are chosen by.
enum class Preference {
  kInstructions,
  kFlash,
  kMemory,         // what a step holds
  kMemoryAndSpeed  // the same, of kernels that are not much slower than the fastest
};

constexpr int64_t kMuchSlower = 2;  // times the instructions

int64_t FlashBytes(const KernelUse& use) {
  int64_t constants = use.recorded_constant_bytes;
  for (const Constant& constant : use.constants) {
    constants += ElementBytes(constant.element) * static_cast<int64_t>(constant.values.size());
  }
  return constants + use.code_bytes;
}

// The rest decides between equals.
std::pair<int64_t, int64_t> CostOf(const KernelUse& use, Preference preference, int64_t memory) {
  switch (preference) {
    case Preference::kInstructions:
      return {use.instructions, FlashBytes(use)};
    case Preference::kFlash:
      return {FlashBytes(use), use.instructions};
    default:
      return {memory, use.instructions};
  }
}

// What the variants make of layers. Looked up once, as constants are packed and proved for it.
class Candidates {
 public:
  struct Candidate {
    KernelUse use;
    bool preferred;
  };

  Candidates(const Network& network, const PlanOptions& options, bool streams)
      : network_(network),
        target_(options.target),
        streams_(streams),
        prefer_(options.prefer),
        of_layer_(network.layers.size()) {}

  const std::vector<Candidate>& Writing(const RowLayout& layout, const Layer& layer) {
    auto& known = of_layer_[&layer - network_.layers.data()];
    for (const Uses& uses : known) {
      if (uses.layout == layout) return uses.uses;
    }
    known.push_back({layout, {}});
    for (const auto& variant : AllVariants()) {
      std::optional<KernelUse> use = variant->Use(network_, layer, {target_, layout, streams_});
      if (use) known.back().uses.push_back({*std::move(use), variant->name() == prefer_});
    }
    return known.back().uses;
  }

 private:
  struct Uses {
    RowLayout layout;  // that is asked for
    std::vector<Candidate> uses;
  };

  const Network& network_;
  const Target target_;
  const bool streams_;
  const std::string prefer_;
  std::vector<std::vector<Uses>> of_layer_;
};

class Chooser {
 public:
  // `preferences`: by layer.
  Chooser(const Network& network, const PlanOptions& options, const std::vector<Preference>& preferences,
          Candidates* candidates)
      : network_(network), options_(options), preferences_(preferences), candidates_(candidates) {}

  // One use a layer. Consumers are chosen before producers, which then write what is read.
  std::vector<KernelUse> Choose() {
    uses_.resize(network_.layers.size());
    preferred_.assign(network_.layers.size(), false);
    for (size_t i = network_.layers.size(); i-- > 0;) ChooseFor(network_.layers[i], &uses_[i]);
    return std::move(uses_);
  }

  bool preferred(size_t layer) const { return preferred_[layer]; }

 private:
  void ChooseFor(const Layer& layer, KernelUse* best) {
    if (layer.kind == LayerKind::kWindow) {
      *best = WindowUse(network_, layer, WantedLayout(network_, network_.tensors[layer.outputs[0]], uses_));
      return;
    }
    *best = PlainUse(network_, layer, options_.target);
    if (options_.plain || layer.kind == LayerKind::kOther) return;
    const Tensor& output = network_.tensors[layer.outputs[0]];
    const RowLayout wanted = WantedLayout(network_, output, uses_);
    std::pair<int64_t, int64_t> least = WithConversions(layer, *best, wanted);
    std::vector<RowLayout> layouts = {wanted};
    if (wanted != Nhwc8(output)) layouts.push_back(Nhwc8(output));
    int64_t fewest = std::numeric_limits<int64_t>::max();
    for (const RowLayout& layout : layouts) {
      for (const auto& candidate : candidates_->Writing(layout, layer)) {
        fewest = std::min(fewest, candidate.use.instructions);
      }
    }
    const size_t index = &layer - network_.layers.data();
    const bool keeps_speed = preferences_[index] == Preference::kMemoryAndSpeed;
    for (const RowLayout& layout : layouts) {
      for (const auto& [use, of_preferred] : candidates_->Writing(layout, layer)) {
        const std::pair<int64_t, int64_t> cost = WithConversions(layer, use, wanted);
        const bool preferred = of_preferred && cost.first < kNever;
        if (preferred < preferred_[index]) continue;
        if (preferred == preferred_[index] && cost >= least) continue;
        if (!preferred && keeps_speed && use.instructions / kMuchSlower > fewest) continue;
        preferred_[index] = preferred;
        least = cost;
        *best = use;
      }
    }
    AddWinogradRemark(layer, options_.target, best);
  }

  // With what brings the network's input into the layout that is read, and the output into the wanted one.
  std::pair<int64_t, int64_t> WithConversions(const Layer& layer, const KernelUse& use, const RowLayout& wanted) {
    const Preference preference = preferences_[&layer - network_.layers.data()];
    std::pair<int64_t, int64_t> cost = CostOf(use, preference, MemoryOf(layer, use));
    const auto add = [&](const Tensor& tensor, const RowLayout& from, const RowLayout& to) {
      if (from == to) return;
      const std::optional<KernelUse> conversion = ConversionUse(tensor, from, to, options_.target);
      const std::pair<int64_t, int64_t> more =
          conversion ? CostOf(*conversion, preference, from.row_bytes + to.row_bytes) : std::pair(kNever, kNever);
      cost.first += more.first;
      cost.second += more.second;
    };
    add(network_.tensors[layer.outputs[0]], use.writes, wanted);
    for (size_t i = 0; i < layer.inputs.size(); ++i) {
      const Tensor& input = network_.tensors[layer.inputs[i]];
      // The rows of a window have any layout in which they stand one behind the other; others are made in every call.
      const bool is_made = input.is_input || (input.is_window && use.reads[i].column_bytes != 0);
      if (is_made) add(input, Nhwc8(input), use.reads[i]);
    }
    return cost;
  }

  // Bytes that a step holds: the rows of its window and the row that it writes, or whole tensors, and scratch.
  int64_t MemoryOf(const Layer& layer, const KernelUse& use) {
    const bool whole = use.form == KernelForm::kWhole || use.form == KernelForm::kVector;
    int64_t bytes = use.scratch_bytes + use.state_bytes;
    for (size_t i = 0; i < layer.inputs.size(); ++i) {
      const int height = network_.tensors[layer.inputs[i]].height;
      const int window = use.form == KernelForm::kWindow ? std::min(layer.vertical.filter, height) : 1;
      bytes += use.reads[i].row_bytes * (whole ? height : window);
    }
    for (const int output : layer.outputs) {
      const Tensor& tensor = network_.tensors[output];
      const int64_t row = layer.outputs.size() == 1 ? use.writes.row_bytes : Nhwc8(tensor).row_bytes;
      bytes += row * (whole ? tensor.height : 1);
    }
    return bytes;
  }

  const Network& network_;
  const PlanOptions& options_;
  const std::vector<Preference>& preferences_;
  Candidates* const candidates_;
  std::vector<KernelUse> uses_;
  std::vector<bool> preferred_;  // by layer
};

class Planner {
 public:
  Planner(const Network& network, const PlanOptions& options, RowStorage storage, Candidates* candidates)
      : network_(network), options_(options), storage_(storage), candidates_(candidates) {}

  absl::StatusOr<Plan> Make(const std::vector<Preference>& preferences) {
    plan_.target = options_.target;
    plan_.by_rows = options_.by_rows;
    if (network_.stream) plan_.state_bytes = kStreamHeadBytes;
    if (options_.by_rows && (network_.inputs.size() != 1 || network_.tensors[network_.inputs[0]].height < 2)) {
      return absl::InvalidArgumentError("rows can be given of one input with a height, which this network has not");
    }
    for (const int input : network_.inputs) plan_.inputs.push_back(BufferOf(input, Nhwc8(network_.tensors[input])));
    if (options_.by_rows) AddFeed();
    Chooser chooser(network_, options_, preferences, candidates_);
    const std::vector<KernelUse> uses = chooser.Choose();
    for (size_t i = 0; i < network_.layers.size(); ++i) AddLayer(network_.layers[i], uses[i], chooser.preferred(i));
    for (const int output : network_.outputs)
      plan_.outputs.push_back(Converted(output, Nhwc8(network_.tensors[output])));
    if (!network_.stream) plan_.state_bytes = static_cast<int64_t>(network_.model.initial_state.size());
    DescribeRows();
    return Schedule();
  }

 private:
  int BufferOf(int tensor, const RowLayout& layout) {
    for (size_t i = 0; i < plan_.buffers.size(); ++i) {
      if (plan_.buffers[i].tensor == tensor && plan_.buffers[i].layout == layout) return static_cast<int>(i);
    }
    const bool first = std::none_of(plan_.buffers.begin(), plan_.buffers.end(),
                                    [tensor](const Buffer& buffer) { return buffer.tensor == tensor; });
    const Tensor& rows = network_.tensors[tensor];
    const std::string name = absl::StrCat("t", rows.file_index);
    int64_t state_offset = rows.is_state ? rows.state_offset : -1;
    if (rows.is_window) state_offset = first ? PlaceOfWindow(rows, layout) : -1;  // others are made anew of the first
    plan_.buffers.push_back({tensor, layout, first ? name : absl::StrCat(name, "_", layout.kind), state_offset});
    return static_cast<int>(plan_.buffers.size()) - 1;
  }

  int64_t PlaceOfWindow(const Tensor& window, const RowLayout& layout) {
    const int64_t offset = AlignedUp(plan_.state_bytes, kPlaceAlignment);
    plan_.state_bytes = offset + window.height * layout.row_bytes;
    return offset;
  }

  // The tensor's buffer in a layout; where there is none, a conversion makes it.
  int Converted(int tensor, const RowLayout& layout) {
    int from = -1;
    for (size_t i = 0; i < plan_.buffers.size(); ++i) {
      if (plan_.buffers[i].tensor != tensor) continue;
      if (plan_.buffers[i].layout == layout) return static_cast<int>(i);
      if (from < 0) from = static_cast<int>(i);
    }
    if (from < 0) return BufferOf(tensor, layout);  // state, which nothing makes
    Stage stage;
    stage.use = *ConversionUse(network_.tensors[tensor], plan_.buffers[from].layout, layout, options_.target);
    stage.inputs = {from};
    stage.vertical.input = stage.vertical.output = network_.tensors[tensor].height;
    const int to = BufferOf(tensor, layout);
    stage.outputs = {to};
    plan_.stages.push_back(std::move(stage));
    return to;
  }

  void AddFeed() {
    Stage stage;
    stage.use.variant = "input";
    stage.use.form = KernelForm::kFeed;
    stage.outputs = {plan_.inputs[0]};
    plan_.stages.push_back(std::move(stage));
  }

  void AddLayer(const Layer& layer, const KernelUse& use, bool preferred) {
    Stage stage;
    stage.preferred = preferred;
    stage.layer = static_cast<int>(&layer - network_.layers.data());
    stage.use = use;
    stage.vertical = layer.vertical;
    for (size_t i = 0; i < layer.inputs.size(); ++i) stage.inputs.push_back(Converted(layer.inputs[i], use.reads[i]));
    for (const int output : layer.outputs) {
      const Tensor& tensor = network_.tensors[output];
      stage.outputs.push_back(BufferOf(output, layer.outputs.size() == 1 ? use.writes : Nhwc8(tensor)));
    }
    plan_.stages.push_back(std::move(stage));
  }

  void DescribeRows() {
    for (const Buffer& buffer : plan_.buffers) {
      const Tensor& tensor = network_.tensors[buffer.tensor];
      RowTensor rows;
      rows.name = buffer.name;
      rows.rows = tensor.height;
      rows.row_bytes = buffer.layout.row_bytes;
      rows.alignment = buffer.layout.alignment;
      if (buffer.layout == Nhwc8(tensor)) {
        rows.contiguous = true;
        rows.alignment = 4;
      }
      plan_.rows.tensors.push_back(rows);
    }
    for (size_t i = 0; i < plan_.buffers.size(); ++i) {
      if (IsState(static_cast<int>(i))) plan_.rows.tensors[i].kind = RowTensor::Kind::kExternal;
    }
    for (const int input : plan_.inputs) {
      if (!plan_.by_rows) plan_.rows.tensors[input].kind = RowTensor::Kind::kInput;
    }
    for (const int output : plan_.outputs) {
      if (plan_.rows.tensors[output].kind == RowTensor::Kind::kActivation) {
        plan_.rows.tensors[output].kind = RowTensor::Kind::kOutput;
      }
    }
    for (const Stage& stage : plan_.stages) plan_.rows.layers.push_back(LayerOf(stage));
    KeepOrderOfState();
    // Only what some kernel takes whole must stand in one piece.
    for (size_t i = 0; i < plan_.buffers.size(); ++i) {
      RowTensor& rows = plan_.rows.tensors[i];
      const auto takes_whole = [&](const Stage& stage) {
        const bool whole = stage.use.form == KernelForm::kWhole || stage.use.form == KernelForm::kVector;
        return whole && (std::count(stage.inputs.begin(), stage.inputs.end(), i) != 0 ||
                         std::count(stage.outputs.begin(), stage.outputs.end(), i) != 0);
      };
      rows.contiguous = std::any_of(plan_.stages.begin(), plan_.stages.end(), takes_whole);
    }
  }

  // What reads or writes state does so in the file's order: each of those stages gives the next a word to wait for.
  void KeepOrderOfState() {
    int word = -1;
    for (size_t i = 0; i < plan_.stages.size(); ++i) {
      const Stage& stage = plan_.stages[i];
      const auto is_state = [this](int buffer) { return IsState(buffer); };
      if (std::none_of(stage.inputs.begin(), stage.inputs.end(), is_state) &&
          std::none_of(stage.outputs.begin(), stage.outputs.end(), is_state)) {
        continue;
      }
      RowLayer& layer = plan_.rows.layers[i];
      if (word >= 0) layer.inputs.push_back(Uses(word, AllRows(layer.steps, 1)));
      RowTensor rows;
      rows.name = "order of state";
      rows.rows = 1;
      rows.row_bytes = 1;
      rows.kind = RowTensor::Kind::kExternal;
      word = static_cast<int>(plan_.rows.tensors.size());
      plan_.rows.tensors.push_back(rows);
      layer.outputs.push_back(Uses(word, LastStep(layer.steps, 1)));
    }
  }

  RowLayer LayerOf(const Stage& stage) {
    constexpr int64_t kStepOverhead = 40;
    RowLayer layer;
    layer.name = stage.layer < 0 ? "conversion" : network_.layers[stage.layer].name;
    layer.scratch_bytes = stage.use.scratch_bytes;
    layer.state_bytes = stage.use.state_bytes;
    layer.alignment = kPlaceAlignment;
    layer.step_cost = kStepOverhead;
    const auto height = [this](int buffer) { return network_.tensors[plan_.buffers[buffer].tensor].height; };
    const auto bytes = [this](int buffer) { return network_.tensors[plan_.buffers[buffer].tensor].bytes; };
    const int rows_out = height(stage.outputs[0]);
    switch (stage.use.form) {
      case KernelForm::kWindow: {
        const Axis& axis = stage.vertical;
        layer.steps = rows_out;
        layer.inputs.push_back(Uses(stage.inputs[0], WindowRows(rows_out, height(stage.inputs[0]), axis.filter,
                                                                axis.stride, axis.padding, axis.dilation)));
        layer.outputs.push_back(Uses(stage.outputs[0], EachRow(rows_out)));
        break;
      }
      case KernelForm::kPixels:
        layer.steps = rows_out;
        for (const int input : stage.inputs) layer.inputs.push_back(Uses(input, EachRow(rows_out)));
        if (stage.use.in_place) layer.inputs[0].overwrite_lag = 0;
        layer.outputs.push_back(Uses(stage.outputs[0], EachRow(rows_out)));
        break;
      case KernelForm::kFold:
        layer.steps = height(stage.inputs[0]);
        layer.inputs.push_back(Uses(stage.inputs[0], EachRow(layer.steps)));
        layer.outputs.push_back(Uses(stage.outputs[0], LastStep(layer.steps, rows_out)));
        break;
      case KernelForm::kFeed:
        layer.steps = rows_out;
        layer.outputs.push_back(Uses(stage.outputs[0], EachRow(rows_out)));
        break;
      case KernelForm::kVector:
      case KernelForm::kWhole:
        layer.steps = 1;
        for (const int input : stage.inputs) {
          layer.inputs.push_back(Uses(input, AllRows(1, height(input))));
          if (stage.use.in_place && bytes(input) == bytes(stage.outputs[0])) layer.inputs.back().overwrite_lag = 0;
        }
        for (const int output : stage.outputs) layer.outputs.push_back(Uses(output, AllRows(1, height(output))));
        break;
    }
    // What is state takes no part.
    std::erase_if(layer.inputs, [this](const RowUse& use) { return IsState(use.tensor); });
    std::erase_if(layer.outputs, [this](const RowUse& use) { return IsState(use.tensor); });
    return layer;
  }

  bool IsState(int buffer) const { return plan_.buffers[buffer].state_offset >= 0; }

  absl::StatusOr<Plan> Schedule() {
    if (const std::string wrong = CheckNetwork(plan_.rows); !wrong.empty()) return absl::InternalError(wrong);
    const int64_t state = AlignedUp(plan_.state_bytes, kPlaceAlignment);
    if (plan_.by_rows) {
      constexpr int64_t kFeedHead = 16;  // a pointer of 64 bits and a number
      plan_.feed_bytes = AlignedUp(kFeedHead + 2 * static_cast<int64_t>(plan_.stages.size()), 8);
    }
    ScheduleOptions options;
    options.stream = options_.target.is(Optimize::kRam) || options_.ram_bytes.has_value() || options_.by_rows;
    options.storage = storage_;
    if (options_.ram_bytes) options.budget_bytes = (*options_.ram_bytes - state - plan_.feed_bytes) & ~int64_t{7};
    std::string error;
    std::optional<class Schedule> schedule = PlanSchedule(plan_.rows, options, &error);
    if (!schedule) return absl::ResourceExhaustedError(error);
    plan_.schedule = *std::move(schedule);
    if (const std::string wrong = CheckSchedule(plan_.rows, plan_.schedule); !wrong.empty()) {
      return absl::InternalError(absl::StrCat("the plan of memory is wrong: ", wrong));
    }
    for (size_t i = 0; i < plan_.buffers.size(); ++i) {
      if (IsState(static_cast<int>(i))) plan_.schedule.tensors[i].capacity = plan_.rows.tensors[i].rows;
    }
    for (TensorPlace& place : plan_.schedule.tensors) {
      place.offset += state;
      for (int64_t& offset : place.row_offsets) offset += state;
    }
    for (int64_t& offset : plan_.schedule.scratch_offset) offset += state;
    for (int64_t& offset : plan_.schedule.state_offset) offset += state;
    plan_.arena_bytes = state + plan_.schedule.peak_bytes;
    if (plan_.by_rows) {
      plan_.feed_offset = AlignedUp(plan_.arena_bytes, 8);
      plan_.arena_bytes = plan_.feed_offset + plan_.feed_bytes;
    }
    return std::move(plan_);
  }

  const Network& network_;
  const PlanOptions& options_;
  const RowStorage storage_;
  Candidates* const candidates_;
  Plan plan_;
};

// Looks for the fastest plan among those with the smallest arena, or within a budget. Where memory counts, a layer's
// kernel is chosen by what its steps hold, unless a faster one takes nothing away from the whole.
class LeanPlanner {
 public:
  LeanPlanner(const Network& network, const PlanOptions& options)
      : network_(network),
        options_(Lean(options)),
        candidates_(network, options_, true),
        preferences_(network.layers.size(), Preference::kMemoryAndSpeed) {}

  absl::StatusOr<Plan> Make(std::optional<int64_t> budget) {
    absl::StatusOr<Plan> best = Leanest(budget);
    if (!best.ok()) return best;
    const int64_t limit = budget.value_or(best->arena_bytes);
    const std::vector<Preference> fast(preferences_.size(), Preference::kInstructions);
    absl::StatusOr<Plan> fastest = With(fast, RowStorage::kRings);
    if (fastest.ok() && fastest->arena_bytes <= limit) {
      preferences_ = fast;
      best = std::move(fastest);
    } else {
      Hasten(limit, &*best);
    }
    Scatter(budget, &*best);
    if (budget && best->arena_bytes > *budget) return absl::ResourceExhaustedError(WhyNot(*best, *budget));
    return best;
  }

 private:
  static PlanOptions Lean(PlanOptions options) {
    options.target.optimize = Optimize::kRam;
    options.ram_bytes.reset();
    return options;
  }

  absl::StatusOr<Plan> With(const std::vector<Preference>& preferences, RowStorage storage) {
    return Planner(network_, options_, storage, &candidates_).Make(preferences);
  }

  // Kernels that are much slower are taken where they save much memory, or the budget asks for them.
  absl::StatusOr<Plan> Leanest(std::optional<int64_t> budget) {
    const std::vector<Preference> least(preferences_.size(), Preference::kMemory);
    absl::StatusOr<Plan> lean = With(preferences_, RowStorage::kRings);
    if (!lean.ok() || (budget && lean->arena_bytes <= *budget)) return lean;
    absl::StatusOr<Plan> leanest = With(least, RowStorage::kRings);
    if (!leanest.ok()) return leanest;
    constexpr double kMuchSmaller = 0.75;
    const double share = static_cast<double>(leanest->arena_bytes) / static_cast<double>(lean->arena_bytes);
    if (budget ? share >= 1 : share > kMuchSmaller) return lean;
    preferences_ = least;
    return leanest;
  }

  // Layers one after the other, those with the most work first, by instructions, as long as the arena stays within
  // `limit`.
  void Hasten(int64_t limit, Plan* best) {
    std::vector<int> order;
    for (const Layer& layer : network_.layers) {
      if (layer.macs != 0) order.push_back(static_cast<int>(&layer - network_.layers.data()));
    }
    std::stable_sort(order.begin(), order.end(),
                     [this](int a, int b) { return network_.layers[a].macs > network_.layers[b].macs; });
    int64_t steps = 0;
    for (const int layer : order) {
      const Preference before = std::exchange(preferences_[layer], Preference::kInstructions);
      absl::StatusOr<Plan> plan = With(preferences_, RowStorage::kRings);
      const bool takes = plan.ok() && plan->arena_bytes <= limit && InstructionsOf(*plan) <= InstructionsOf(*best);
      if (takes) {
        *best = *std::move(plan);
      } else {
        preferences_[layer] = before;
      }
      steps += static_cast<int64_t>(best->schedule.steps.size());
      if (steps > kMostSteps) break;
    }
  }

  static int64_t InstructionsOf(const Plan& plan) {
    int64_t instructions = 0;
    for (const Stage& stage : plan.stages) instructions += stage.use.instructions;
    return instructions;
  }

  // Rows that stand anywhere, where rings take more.
  void Scatter(std::optional<int64_t> budget, Plan* best) {
    if (budget && best->arena_bytes <= *budget) return;
    absl::StatusOr<Plan> scattered = With(preferences_, RowStorage::kScattered);
    if (scattered.ok() && scattered->arena_bytes < best->arena_bytes) *best = *std::move(scattered);
  }

  static std::string WhyNot(const Plan& plan, int64_t budget) {
    std::string text = absl::StrCat("the arena takes at least ", plan.arena_bytes, " bytes, more than the ", budget,
                                    " that it may; in use while each layer runs:");
    const std::vector<int64_t> bytes = BytesByLayer(plan.rows, plan.schedule);
    for (size_t i = 0; i < bytes.size(); ++i) {
      absl::StrAppend(&text, i == 0 ? " " : ", ", "#", i, " ", plan.rows.layers[i].name, " ",
                      bytes[i] + plan.state_bytes + plan.feed_bytes);
    }
    return text;
  }

  static constexpr int64_t kMostSteps = 20000;  // of all plans that are compared

  const Network& network_;
  const PlanOptions options_;
  Candidates candidates_;
  std::vector<Preference> preferences_;
};

absl::StatusOr<Plan> CheapestPlan(const Network& network, const PlanOptions& options) {
  if (!options.target.is(Optimize::kRam)) {
    const Preference preference = options.target.is(Optimize::kSize) ? Preference::kFlash : Preference::kInstructions;
    const std::vector<Preference> preferences(network.layers.size(), preference);
    Candidates candidates(network, options, options.by_rows || options.ram_bytes.has_value());
    absl::StatusOr<Plan> plan = Planner(network, options, RowStorage::kRings, &candidates).Make(preferences);
    if (!absl::IsResourceExhausted(plan.status())) return plan;
  }
  return LeanPlanner(network, options).Make(options.ram_bytes);
}

absl::Status CheckName(const std::string& variant) {
  std::vector<std::string> names;
  for (const auto& known : AllVariants()) names.push_back(known->name());
  if (std::find(names.begin(), names.end(), variant) != names.end()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("variant \"", variant, "\" is not known; did you mean ",
                                                 Nearest(variant, names), "? One of ", absl::StrJoin(names, ", ")));
}

}  // namespace

RowLayout Nhwc8(const Tensor& tensor) {
  RowLayout layout;
  layout.alignment = 1;
  layout.row_bytes = tensor.bytes / tensor.height;
  return layout;
}

bool Plan::is_streamed() const {
  const auto& steps = schedule.steps;
  for (size_t i = 1; i < steps.size(); ++i) {
    if (steps[i].layer != steps[i - 1].layer && steps[i].index != 0) return true;
  }
  return false;
}

absl::StatusOr<Plan> MakePlan(const Network& network, const PlanOptions& options) {
  if (options.prefer.empty()) return CheapestPlan(network, options);
  if (absl::Status status = CheckName(options.prefer); !status.ok()) return status;
  absl::StatusOr<Plan> plan = CheapestPlan(network, options);
  const auto is_preferred = [](const Stage& stage) { return stage.preferred; };
  if (plan.ok() && std::none_of(plan->stages.begin(), plan->stages.end(), is_preferred)) {
    return absl::NotFoundError(absl::StrCat("the variant ", options.prefer, " takes no layer of this model for ",
                                            options.target.core.name, ", optimized for ",
                                            OptimizeName(options.target.optimize)));
  }
  return plan;
}

}  // namespace mote::compiler
