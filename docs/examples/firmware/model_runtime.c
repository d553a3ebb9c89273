/* The network as the file that it came in, interpreted by mote's runtime. Only the operators that it has are linked. */
#include "mcu_runtime/mote_runtime.h"
#include "model.h"

extern const uint8_t digits_file[], digits_file_end[];

/* As `mote registry digits.tflite -o ...` writes it. */
static const mote_operator* const operators[] = {&mote_op_conv_2d,        &mote_op_depthwise_conv_2d, &mote_op_add,
                                                 &mote_op_average_pool_2d, &mote_op_fully_connected,  &mote_op_reshape,
                                                 &mote_op_max_pool_2d,     &mote_op_softmax,          0};
static _Alignas(16) uint8_t arena[8 * 1024];
static mote_model model;

bool model_start(void) {
  return mote_model_load(&model, operators, digits_file, (size_t)(digits_file_end - digits_file), arena,
                         sizeof arena) == MOTE_OK;
}

int8_t* model_input(void) { return mote_model_input(&model, 0).data; }

const int8_t* model_run(void) {
  return mote_model_invoke(&model) == MOTE_OK ? mote_model_output(&model, 0).data : 0;
}

int8_t model_code_of_pixel(uint8_t pixel) {
  const mote_tensor input = mote_model_input(&model, 0);
  const float code = (float)pixel / 16.0f / input.scale + 0.5f + 128.0f + (float)input.zero_point;
  return (int8_t)((int)code - 128);
}
