/* What a firmware engineer writes. */
#include "tests/footprint/firmware.h"

#include "mcu_runtime/mote_runtime.h"

__asm__(
    ".section .rodata.model\n"
    ".balign 16\n"
    ".global model_file\n"
    "model_file: .incbin \"" MODEL_FILE
    "\"\n"
    ".global model_file_end\n"
    "model_file_end: .byte 0\n"
    ".text\n");
extern const uint8_t model_file[], model_file_end[];

static const mote_operator* const operators[] = {OPERATORS, 0};
static uint8_t arena[ARENA_BYTES] MOTE_ALIGNED;
static mote_model model;

int Load(void) {
  return (int)mote_model_load(&model, operators, model_file, (size_t)(model_file_end - model_file), arena,
                              sizeof arena);
}

/* Apart from the inference, whose stack is measured from where it is called. */
static __attribute__((noinline)) void FillInput(void) {
  mote_tensor input = mote_model_input(&model, 0);
  uint32_t state = 1, i;
  for (i = 0; i < input.bytes; ++i) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    ((int8_t*)input.data)[i] = (int8_t)(state >> 24);
  }
}

static __attribute__((noinline)) int FirstOutput(void) { return ((const int8_t*)mote_model_output(&model, 0).data)[0]; }

int Infer(void) {
  mote_status status;
  FillInput();
  status = mote_model_invoke(&model);
  return status != MOTE_OK ? -(int)status : FirstOutput() + 256;
}
