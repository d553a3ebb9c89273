#include "tests/compiler/row_networks.h"

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

namespace mote::compiler {
namespace {

// A square window; {k_h, k_w} where it is not.
struct Window {
  int filter_h = 1, filter_w = 1, stride = 1;
  bool same = true;
};

// Builds networks of int8 images, rows in nhwc.
class Builder {
 public:
  explicit Builder(const NetworkOptions& options) : options_(options) {}

  int Input(int height, int width, int channels) {
    const int input = Tensor("input", height, width, channels);
    if (options_.feed_input) {
      Add({.name = "feed", .steps = height, .outputs = {{input, EachRow(height), {}}}});
    } else {
      network_.tensors[input].kind = RowTensor::Kind::kInput;
    }
    return input;
  }

  // Convolutions and pools, depthwise or not: the planner sees no difference.
  int Conv(int input, int channels, Window window) {
    const auto [height, width] = Size(input);
    const auto [out_h, pad_h] = Pad(height, window.filter_h, window.stride, window.same);
    const auto [out_w, pad_w] = Pad(width, window.filter_w, window.stride, window.same);
    const int output = Tensor("conv" + std::to_string(network_.layers.size()), out_h, out_w, channels);
    RowUse use = {input, WindowRows(out_h, height, window.filter_h, window.stride, pad_h), {}};
    if (options_.share_bytes) use.overwrite_lag = Lag(input, output, window.stride, pad_w);
    Add({.name = network_.tensors[output].name,
         .steps = out_h,
         .inputs = {use},
         .outputs = {{output, EachRow(out_h), {}}}});
    return output;
  }

  int Sum(int a, int b) {
    const auto [height, width] = Size(a);
    const int output = Tensor("add" + std::to_string(network_.layers.size()), height, width, channels_[a]);
    RowUse left = {a, EachRow(height), {}}, right = {b, EachRow(height), {}};
    if (options_.share_bytes) left.overwrite_lag = right.overwrite_lag = 0;
    Add({.name = network_.tensors[output].name,
         .steps = height,
         .inputs = {left, right},
         .outputs = {{output, EachRow(height), {}}}});
    return output;
  }

  int Concat(int a, int b) {
    const auto [height, width] = Size(a);
    const int output =
        Tensor("concat" + std::to_string(network_.layers.size()), height, width, channels_[a] + channels_[b]);
    Add({.name = network_.tensors[output].name,
         .steps = height,
         .inputs = {{a, EachRow(height), {}}, {b, EachRow(height), {}}},
         .outputs = {{output, EachRow(height), {}}}});
    return output;
  }

  // A 32-bit sum a channel while rows come in.
  int GlobalPool(int input) {
    const int height = Size(input).first;
    const int output = Tensor("pool" + std::to_string(network_.layers.size()), 1, 1, channels_[input]);
    Add({.name = network_.tensors[output].name,
         .steps = height,
         .inputs = {{input, EachRow(height), {}}},
         .outputs = {{output, LastStep(height, 1), {}}},
         .state_bytes = 4 * channels_[input]});
    return output;
  }

  // All of the input in one step, as the runtime's own kernels do it.
  int Whole(int input, int height, int width, int channels, int64_t scratch = 0) {
    const int output = Tensor("whole" + std::to_string(network_.layers.size()), height, width, channels);
    network_.tensors[input].contiguous = network_.tensors[output].contiguous = true;
    Add({.name = network_.tensors[output].name,
         .steps = 1,
         .inputs = {{input, AllRows(1, Size(input).first), {}}},
         .outputs = {{output, AllRows(1, height), {}}},
         .scratch_bytes = scratch});
    return output;
  }

  int Dense(int input, int units) { return Whole(input, 1, 1, units); }

  void Output(int tensor) { network_.tensors[tensor].kind = RowTensor::Kind::kOutput; }
  RowNetwork Take() { return std::move(network_); }

  std::pair<int, int> Size(int tensor) const { return {network_.tensors[tensor].rows, width_[tensor]}; }
  int Channels(int tensor) const { return channels_[tensor]; }
  RowLayer& LastLayer() { return network_.layers.back(); }
  RowTensor& At(int tensor) { return network_.tensors[tensor]; }

 private:
  int Tensor(const std::string& name, int height, int width, int channels) {
    network_.tensors.push_back({.name = name, .rows = height, .row_bytes = width * channels});
    width_.push_back(width);
    channels_.push_back(channels);
    return static_cast<int>(network_.tensors.size()) - 1;
  }

  void Add(RowLayer layer) { network_.layers.push_back(std::move(layer)); }

  // Output size and padding before.
  static std::pair<int, int> Pad(int size, int filter, int stride, bool same) {
    if (!same) return {(size - filter) / stride + 1, 0};
    const int out = (size + stride - 1) / stride;
    return {out, std::max(0, (out - 1) * stride + filter - size) / 2};
  }

  // A kernel that goes pixel by pixel, and has read a pixel's window before it writes.
  int64_t Lag(int input, int output, int stride, int pad) const {
    int64_t lag = 0;
    for (int x = 0; x < width_[output]; ++x) {
      const int next = std::clamp((x + 1) * stride - pad, 0, width_[input]);
      const int needed = x + 1 == width_[output] ? width_[input] : next;
      const int64_t distance = int64_t{x + 1} * channels_[output] - int64_t{needed} * channels_[input];
      lag = x == 0 ? distance : std::max(lag, distance);
    }
    return lag;
  }

  NetworkOptions options_;
  RowNetwork network_;
  std::vector<int> width_, channels_;
};

Window Square(int filter, int stride = 1) { return {filter, filter, stride, true}; }

}  // namespace

RowNetwork KeywordSpotting(const NetworkOptions& options) {
  Builder net(options);
  int x = net.Conv(net.Input(49, 10, 1), 64, {10, 4, 2, true});
  for (int block = 0; block < 4; ++block) x = net.Conv(net.Conv(x, 64, Square(3)), 64, Square(1));
  x = net.Dense(net.Dense(net.GlobalPool(x), 12), 12);  // dense, softmax
  net.Output(x);
  return net.Take();
}

RowNetwork ImageClassification(const NetworkOptions& options) {
  Builder net(options);
  int x = net.Conv(net.Input(32, 32, 3), 16, Square(3));
  x = net.Sum(x, net.Conv(net.Conv(x, 16, Square(3)), 16, Square(3)));
  for (const int channels : {32, 64}) {
    const int main = net.Conv(net.Conv(x, channels, Square(3, 2)), channels, Square(3));
    x = net.Sum(net.Conv(x, channels, Square(1, 2)), main);
  }
  x = net.Dense(net.Dense(net.GlobalPool(x), 10), 10);
  net.Output(x);
  return net.Take();
}

RowNetwork VisualWakeWords(const NetworkOptions& options) {
  Builder net(options);
  int x = net.Conv(net.Input(96, 96, 3), 8, Square(3, 2));
  const std::vector<std::pair<int, int>> blocks = {{1, 16},  {2, 32},  {1, 32},  {2, 64},  {1, 64},  {2, 128}, {1, 128},
                                                   {1, 128}, {1, 128}, {1, 128}, {1, 128}, {2, 256}, {1, 256}};
  for (const auto& [stride, channels] : blocks) {
    x = net.Conv(net.Conv(x, net.Channels(x), Square(3, stride)), channels, Square(1));
  }
  x = net.Dense(net.Dense(net.GlobalPool(x), 2), 2);
  net.Output(x);
  return net.Take();
}

RowNetwork AnomalyDetection(const NetworkOptions& options) {
  Builder net(options);
  int x = net.Input(1, 1, 640);
  for (const int units : {128, 128, 128, 128, 8, 128, 128, 128, 128, 640}) x = net.Dense(x, units);
  net.Output(x);
  return net.Take();
}

RowNetwork StreamingWakeWord(const NetworkOptions& options) {
  Builder net(options);
  int x = net.Input(30, 1, 40);
  x = net.Conv(net.Conv(x, 40, {3, 1, 1, false}), 128, Square(1));
  x = net.Conv(net.Conv(x, 128, {5, 1, 1, false}), 128, Square(1));
  x = net.Conv(net.Conv(x, 128, {10, 1, 1, false}), 128, Square(1));
  x = net.Conv(net.Conv(x, 128, {15, 1, 1, false}), 32, Square(1));
  x = net.Dense(net.Dense(x, 3), 3);
  net.Output(x);
  return net.Take();
}

RowNetwork DeepNetwork(int blocks, int size) {
  Builder net({});
  int x = net.Conv(net.Input(size, size, 3), 16, Square(3, 2));
  for (int block = 0; block < blocks; ++block) {
    x = net.Sum(x, net.Conv(net.Conv(net.Conv(x, 32, Square(1)), 32, Square(3)), 16, Square(1)));
  }
  x = net.Dense(net.GlobalPool(x), 10);
  net.Output(x);
  return net.Take();
}

RowNetwork RandomNetwork(uint32_t seed, int layers) {
  std::mt19937 random(seed);
  const auto pick = [&](int from, int to) { return from + static_cast<int>(random() % (to - from + 1)); };
  Builder net({.feed_input = pick(0, 1) == 1, .share_bytes = pick(0, 3) != 0});
  std::vector<int> open = {net.Input(pick(1, 24), pick(1, 6), pick(1, 8))};  // what may still be read
  for (int i = 0; i < layers; ++i) {
    const int x = open[pick(std::max(0, static_cast<int>(open.size()) - 3), static_cast<int>(open.size()) - 1)];
    const auto [height, width] = net.Size(x);
    std::vector<int> alike;
    for (const int other : open) {
      if (other != x && net.Size(other) == net.Size(x)) alike.push_back(other);
    }
    if (pick(0, 15) == 0) alike = {x};  // a sum of a tensor and itself
    const int kind = pick(0, 11);
    if (kind >= 8 && kind <= 10 && !alike.empty()) {
      const int other = alike[pick(0, static_cast<int>(alike.size()) - 1)];
      open.push_back(kind != 8 && net.Channels(other) == net.Channels(x) ? net.Sum(other, x) : net.Concat(other, x));
    } else if (kind == 11 && pick(0, 2) == 0) {
      open.push_back(net.Whole(x, pick(1, height), width, pick(1, 8), pick(0, 1) * pick(1, 64)));
    } else {
      const bool same = height < 4 || width < 4 || pick(0, 2) != 0;
      open.push_back(net.Conv(x, pick(0, 2) == 0 ? pick(1, 12) : net.Channels(x),
                              {pick(1, same ? 5 : 3), pick(1, 3), pick(0, 3) == 0 ? 2 : 1, same}));
      if (pick(0, 3) == 0) net.LastLayer().scratch_bytes = pick(1, 40);
    }
    if (pick(0, 9) == 0) net.Output(open.back());
  }
  net.Output(net.Dense(net.GlobalPool(open.back()), 5));
  return net.Take();
}

}  // namespace mote::compiler
