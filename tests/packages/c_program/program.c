/* A C99 program as a firmware engineer writes one: two models, a list of operators for each, one shared memory, a
 * self-test at boot. test_c_program.py builds it for this machine and for a Cortex-M4.
 *
 * Gives 0, or the number of the step that failed. */
#include "program.h"

#include "mcu_runtime/mote_runtime.h"
#include "models.h" /* first_model, second_model, what goes in and what must come out */

static const mote_operator* const first_operators[] = {&mote_op_conv_2d, &mote_op_max_pool_2d, &mote_op_reshape, 0};
static const mote_operator* const second_operators[] = {&mote_op_svdf, &mote_op_relu, 0};

static uint8_t first_own[512] MOTE_ALIGNED, second_own[512] MOTE_ALIGNED, shared[4096] MOTE_ALIGNED;
static uint8_t damaged[sizeof first_model];
static mote_model first, second;

static void copy(void* to, const void* from, size_t bytes) {
  size_t i;
  for (i = 0; i < bytes; ++i) ((uint8_t*)to)[i] = ((const uint8_t*)from)[i];
}

static int infer(mote_model* model, const void* in, const void* out) {
  const mote_tensor input = mote_model_input(model, 0), output = mote_model_output(model, 0);
  size_t i;
  copy(input.data, in, input.bytes);
  if (mote_model_invoke(model) != MOTE_OK) return 0;
  for (i = 0; i < output.bytes; ++i) {
    if (((const uint8_t*)output.data)[i] != ((const uint8_t*)out)[i]) return 0;
  }
  return 1;
}

static void count(void* context, const mote_model* model, int32_t op) {
  (void)model;
  *(int32_t*)context += op + 1;
}

int program(void) {
  mote_memory memory;
  mote_fault fault;
  int32_t counted = 0;
  size_t i;

  /* What a program does not name is not there: the error says which operator. */
  if (mote_model_memory(second_operators, first_model, sizeof first_model, &memory, &fault) != MOTE_ERROR_OPERATOR) return 1;
  if (fault.op != 0 || fault.code != 3 || mote_operator_name(fault.code)[0] != 'C') return 2;
  if (mote_status_text(MOTE_ERROR_OPERATOR)[0] == 0) return 3;

  /* Two models, each with memory of its own, and one part that both use. */
  if (mote_model_memory(first_operators, first_model, sizeof first_model, &memory, 0) != MOTE_OK) return 4;
  if (memory.own > sizeof first_own || memory.shared > sizeof shared) return 5;
  if (mote_model_memory(second_operators, second_model, sizeof second_model, &memory, 0) != MOTE_OK) return 6;
  if (memory.own > sizeof second_own || memory.shared > sizeof shared) return 7;
  if (mote_model_load_sharing(&first, first_operators, first_model, sizeof first_model, first_own, sizeof first_own,
                              shared, sizeof shared) != MOTE_OK) return 8;
  if (mote_model_load_sharing(&second, second_operators, second_model, sizeof second_model, second_own,
                              sizeof second_own, shared, sizeof shared) != MOTE_OK) return 9;

  /* At boot. */
  if (mote_selftest(&first) != MOTE_OK || mote_selftest(&second) != MOTE_OK) return 10;

  /* By turns; the second one keeps its state while the first runs. */
  for (i = 0; i < STEPS; ++i) {
    if (!infer(&first, first_inputs[i], first_outputs[i])) return 11;
    if (!infer(&second, second_inputs[i], second_outputs[i])) return 12;
  }
  if (mote_model_reset(&second) != MOTE_OK) return 13;
  mote_model_set_hook(&second, count, &counted);
  if (!infer(&second, second_inputs[0], second_outputs[0])) return 14;
  if (counted != 3) return 15; /* operators 0 and 1 */
  if (mote_checksum(MOTE_CHECKSUM_SEED, "foobar", 6) != 0xbf9cf968u) return 16;

  /* A bit of a weight flips in flash. */
  copy(damaged, first_model, sizeof damaged);
  if (mote_model_load(&first, first_operators, damaged, sizeof damaged, shared, sizeof shared) != MOTE_OK) return 17;
  if (mote_selftest(&first) != MOTE_OK) return 18;
  damaged[WEIGHT_AT] ^= 0x40;
  if (mote_selftest(&first) != MOTE_ERROR_SELFTEST || first.fault.op != 0) return 19;
  return 0;
}
