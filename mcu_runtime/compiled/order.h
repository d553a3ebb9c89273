/* The order in which the rows of a streamed model are computed. */
#ifndef MOTE_MCU_RUNTIME_COMPILED_ORDER_H_
#define MOTE_MCU_RUNTIME_COMPILED_ORDER_H_

#include <stdint.h>

namespace mote::compiled {

/* Computes row y of a layer; a layer's rows come in order. */
using StepFunction = void (*)(uint8_t* arena, int32_t y);

/* `order`, a table of bytes, is a list of entries:
 *   {layer, n}                       n rows of the layer
 *   {kOrderLoop, n, bytes, entries}  the entries, `bytes` long together, n times
 * rows[layer] counts those that are done. Loops stand in loops a few deep. */
constexpr uint8_t kOrderLoop = 255;

inline void RunOrder(const uint8_t* order, int32_t bytes, const StepFunction* steps, int16_t* rows, uint8_t* arena,
                     void (*hook)(int32_t layer) = nullptr) {
  for (const uint8_t* end = order + bytes; order != end;) {
    const uint8_t layer = order[0];
    if (layer == kOrderLoop) {
      for (int32_t n = order[1]; n > 0; --n) RunOrder(order + 3, order[2], steps, rows, arena, hook);
      order += 3 + order[2];
      continue;
    }
    for (int32_t n = order[1]; n > 0; --n) {
      steps[layer](arena, rows[layer]++);
      if (hook != nullptr) hook(layer);
    }
    order += 2;
  }
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
template <int kLayers>
inline void RunToFeed(const uint8_t* order, int32_t bytes, const StepFunction* steps, Feed<kLayers>* feed,
                      uint8_t* arena, void (*hook)(int32_t layer)) {
  for (; feed->at < bytes && order[feed->at] != 0; feed->at += 2) {
    const uint8_t layer = order[feed->at];
    for (int32_t n = order[feed->at + 1]; n > 0; --n) {
      steps[layer](arena, feed->rows[layer]++);
      if (hook != nullptr) hook(layer);
    }
  }
}

template <int kLayers>
inline void BeginFeed(const uint8_t* order, int32_t bytes, const StepFunction* steps, Feed<kLayers>* feed,
                      uint8_t* arena, void (*hook)(int32_t layer) = nullptr) {
  *feed = {};
  RunToFeed(order, bytes, steps, feed, arena, hook);
}

/* 1 where the row was the last one and the output is there; more rows are not taken then. */
template <int kLayers>
inline int PushRow(const uint8_t* order, int32_t bytes, const StepFunction* steps, Feed<kLayers>* feed, uint8_t* arena,
                   const void* row, void (*hook)(int32_t layer) = nullptr) {
  if (feed->at < bytes) {
    feed->row = row;
    steps[0](arena, feed->rows[0]++);
    feed->at += 2;
    RunToFeed(order, bytes, steps, feed, arena, hook);
  }
  return feed->at >= bytes;
}

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_ORDER_H_
