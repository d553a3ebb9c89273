#include "export/compiler/step_order.h"

#include <algorithm>

namespace mote::compiler {
namespace {

class Demand {
 public:
  Demand(const StepGraph& graph, int first, int end)
      : graph_(graph), first_(first), end_(end), done_(end - first, 0), needed_(end - first, 0) {}

  std::vector<int> Run() {
    const std::vector<int> sinks = Sinks();
    for (;;) {
      int best = -1, least = 0;
      for (const int layer : sinks) {
        if (Done(layer) == Steps(layer)) continue;
        const int work = sinks.size() == 1 ? 0 : WorkUntil(layer, Done(layer));
        if (best < 0 || work < least) best = layer, least = work;
      }
      if (best < 0) break;
      RunUntil(best, Done(best));
    }
    for (int layer = first_; layer < end_; ++layer) RunUntil(layer, Steps(layer) - 1);  // rows that nothing reads
    return order_;
  }

 private:
  int Steps(int layer) const { return graph_.network().layers[layer].steps; }
  int& Done(int layer) { return done_[layer - first_]; }
  int& Needed(int layer) { return needed_[layer - first_]; }

  // Layers that no other of the stretch reads from.
  std::vector<int> Sinks() {
    std::vector<bool> is_read(end_ - first_, false);
    for (int step = graph_.StepOf(first_, 0); step < graph_.StepOf(end_, 0); ++step) {
      for (const int row : graph_.Reads(step)) {
        if (graph_.WriterLayer(row) >= first_) is_read[graph_.WriterLayer(row) - first_] = true;
      }
    }
    std::vector<int> sinks;
    for (int layer = first_; layer < end_; ++layer) {
      if (!is_read[layer - first_]) sinks.push_back(layer);
    }
    return sinks;
  }

  // Steps that have yet to run until step `index` of `layer` has.
  int WorkUntil(int layer, int index) {
    std::copy(done_.begin(), done_.end(), needed_.begin());
    Needed(layer) = std::max(Needed(layer), index + 1);
    int work = 0;
    for (int l = layer; l >= first_; --l) {
      work += Needed(l) - Done(l);
      for (int s = Done(l); s < Needed(l); ++s) {
        for (const int row : graph_.Reads(graph_.StepOf(l, s))) {
          const int writer = graph_.WriterLayer(row);
          if (writer < first_) continue;
          Needed(writer) = std::max(Needed(writer), graph_.StepAt(graph_.WriterStep(row)).index + 1);
        }
      }
    }
    return work;
  }

  void RunUntil(int layer, int index) {
    while (Done(layer) <= index) {
      const int step = graph_.StepOf(layer, Done(layer));
      // The last step of each writer that has yet to run.
      std::vector<Step> branches;
      for (const int row : graph_.Reads(step)) {
        const int writer = graph_.WriterLayer(row);
        if (writer < first_) continue;
        const int needed = graph_.StepAt(graph_.WriterStep(row)).index;
        if (needed < Done(writer)) continue;
        const auto at = std::find_if(branches.begin(), branches.end(), [&](Step s) { return s.layer == writer; });
        if (at == branches.end()) {
          branches.push_back({writer, needed});
        } else {
          at->index = std::max(at->index, needed);
        }
      }
      if (branches.size() > 1) SortByWork(branches);
      for (const Step& branch : branches) RunUntil(branch.layer, branch.index);
      order_.push_back(step);
      ++Done(layer);
    }
  }

  void SortByWork(std::vector<Step>& branches) {
    std::vector<std::pair<int, Step>> by_work;
    for (const Step& branch : branches) by_work.push_back({WorkUntil(branch.layer, branch.index), branch});
    std::stable_sort(by_work.begin(), by_work.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (size_t i = 0; i < branches.size(); ++i) branches[i] = by_work[i].second;
  }

  const StepGraph& graph_;
  const int first_, end_;
  std::vector<int> done_, needed_;
  std::vector<int> order_;
};

}  // namespace

std::vector<int> StreamOrder(const StepGraph& graph, int first, int end) { return Demand(graph, first, end).Run(); }

}  // namespace mote::compiler
