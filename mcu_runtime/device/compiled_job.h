/* What the host and a program of compiled models (compiled_main.cc) say to each other, through the two files of job.h.
 *
 * job.bin     mote_compiled_job, then for each model of the program, in its table's order: mote_compiled_model_job, and
 *             the inputs of every step of every sample, each of the model's inputs in order.
 * result.bin  mote_compiled_result, then for each model: the outputs of every step of every sample,
 *             mote_compiled_model_result, and of a model with a hook one mote_count a layer.
 *
 * A sample is one inference, or of a network with state several: `steps` of them after a reset. The first inference is
 * the one that is counted. All fields are little endian; the structs have the same layout on host and device.
 */
#ifndef MOTE_DEVICE_COMPILED_JOB_H_
#define MOTE_DEVICE_COMPILED_JOB_H_

#include "mcu_runtime/device/job.h"

#define MOTE_COMPILED_JOB_MAGIC 0x424a434du    /* "MCJB" */
#define MOTE_COMPILED_RESULT_MAGIC 0x5352434du /* "MCRS" */

typedef struct mote_compiled_job {
  uint32_t magic;
  uint32_t version; /* MOTE_JOB_VERSION */
  uint32_t models;
  uint32_t loop_instructions; /* even: of a loop that shows whether instructions are counted as expected */
} mote_compiled_job;

typedef struct mote_compiled_model_job {
  uint32_t samples;
  uint32_t steps;        /* of each sample */
  uint32_t input_bytes;  /* of one step */
  uint32_t output_bytes; /* of one step */
} mote_compiled_model_job;

typedef struct mote_compiled_result {
  uint32_t magic;
  uint32_t version;
  uint32_t outcome; /* MOTE_RESULT_RUNNING, _DONE, _BAD_JOB, _INPUT_BYTES, _GUARD, _READ or _WRITE */
  uint32_t models_done;
  uint32_t samples_done; /* of the model that was at work */
  int32_t guard_offset;  /* where the outcome is MOTE_RESULT_GUARD: from the arena's start */
  uint32_t stack_bytes;  /* deepest use, this program's own frames included; 0 where it is not known */
  uint32_t stack_capacity;
  mote_count empty;
  mote_count loop;
} mote_compiled_result;

typedef struct mote_compiled_model_result {
  mote_count invoke;    /* the first inference; no regions where nothing can be counted */
  uint32_t stack_bytes; /* that it took, below its caller's frame */
  uint32_t layers;      /* how many counts follow */
} mote_compiled_model_result;

#ifdef __cplusplus
static_assert(sizeof(mote_compiled_job) == 16, "the same on every machine");
static_assert(sizeof(mote_compiled_model_job) == 16, "the same on every machine");
static_assert(sizeof(mote_compiled_result) == 64, "the same on every machine");
static_assert(sizeof(mote_compiled_model_result) == 24, "the same on every machine");
#endif

#endif /* MOTE_DEVICE_COMPILED_JOB_H_ */
