/* The order in which the rows of a streamed model are computed. */
#ifndef MOTE_MCU_RUNTIME_COMPILED_ORDER_H_
#define MOTE_MCU_RUNTIME_COMPILED_ORDER_H_

#include <stdint.h>

namespace mote::compiled {

/* Computes row y of a layer; a layer's rows come in order. */
using StepFunction = void (*)(uint8_t* arena, int32_t y);

/* `order`, a table of bytes (of halfwords for very large models), is a list of entries:
 *   {layer, n}                         n rows of the layer
 *   {kOrderLoop, n, numbers, entries}  the entries, so many numbers together, n times
 * Loops stand in loops a few deep. */
template <typename Number>
constexpr Number kOrderLoop = static_cast<Number>(-1);

/* Calls step(layer) for each row. */
template <typename Number, typename Step>
inline void WalkOrder(const Number* order, int32_t numbers, const Step& step) {
  for (const Number* end = order + numbers; order != end;) {
    const Number layer = order[0];
    if (layer == kOrderLoop<Number>) {
      for (int32_t n = order[1]; n > 0; --n) WalkOrder(order + 3, order[2], step);
      order += 3 + order[2];
      continue;
    }
    for (int32_t n = order[1]; n > 0; --n) step(int32_t{layer});
    order += 2;
  }
}

/* rows[layer] counts those that are done. */
template <typename Number>
inline void RunOrder(const Number* order, int32_t numbers, const StepFunction* steps, int16_t* rows, uint8_t* arena,
                     void (*hook)(int32_t layer) = nullptr) {
  WalkOrder(order, numbers, [=](int32_t layer) {
    steps[layer](arena, rows[layer]++);
    if (hook != nullptr) hook(layer);
  });
}

/* A model whose input is given row by row: layer 0 takes a row. The order is flat here, {layer, n} and no loops, with
 * n = 1 for layer 0. */
template <int kLayers>
struct Feed {
  const void* row; /* that is given */
  int32_t at;      /* in the order */
  int16_t rows[kLayers];
};

/* Runs up to where the next row of the input is needed, or to the end. */
template <typename Number, int kLayers>
inline void RunToFeed(const Number* order, int32_t numbers, const StepFunction* steps, Feed<kLayers>* feed,
                      uint8_t* arena, void (*hook)(int32_t layer)) {
  for (; feed->at < numbers && order[feed->at] != 0; feed->at += 2) {
    const Number layer = order[feed->at];
    for (int32_t n = order[feed->at + 1]; n > 0; --n) {
      steps[layer](arena, feed->rows[layer]++);
      if (hook != nullptr) hook(layer);
    }
  }
}

template <typename Number, int kLayers>
inline void BeginFeed(const Number* order, int32_t numbers, const StepFunction* steps, Feed<kLayers>* feed,
                      uint8_t* arena, void (*hook)(int32_t layer) = nullptr) {
  *feed = {};
  RunToFeed(order, numbers, steps, feed, arena, hook);
}

/* 1 where the row was the last one and the output is there; more rows are not taken then. */
template <typename Number, int kLayers>
inline int PushRow(const Number* order, int32_t numbers, const StepFunction* steps, Feed<kLayers>* feed, uint8_t* arena,
                   const void* row, void (*hook)(int32_t layer) = nullptr) {
  if (feed->at < numbers) {
    feed->row = row;
    steps[0](arena, feed->rows[0]++);
    feed->at += 2;
    RunToFeed(order, numbers, steps, feed, arena, hook);
  }
  return feed->at >= numbers;
}

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_ORDER_H_
