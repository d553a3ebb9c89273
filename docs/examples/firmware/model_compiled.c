/* The network as `mote compile` writes it: functions of C and an arena whose size is a constant. */
#include "digits.h"
#include "model.h"

static _Alignas(16) uint8_t arena[DIGITS_ARENA_BYTES];

bool model_start(void) { return true; }

int8_t* model_input(void) { return digits_input(arena); }

const int8_t* model_run(void) {
  digits_invoke(arena);
  return digits_output(arena);
}

int8_t model_code_of_pixel(uint8_t pixel) {
  /* The compiler works this out: one integer in each entry. */
#define CODE(pixel) (int8_t)((pixel) / 16.0f / DIGITS_INPUT_SCALE + 0.5f + DIGITS_INPUT_ZERO_POINT + 128.0f - 128)
  static const int8_t codes[17] = {CODE(0), CODE(1), CODE(2),  CODE(3),  CODE(4),  CODE(5),  CODE(6),  CODE(7), CODE(8),
                                   CODE(9), CODE(10), CODE(11), CODE(12), CODE(13), CODE(14), CODE(15), CODE(16)};
  return codes[pixel];
}
