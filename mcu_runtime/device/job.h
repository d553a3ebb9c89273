/* What the host and a device program (mote_device_<core>) say to each other, through two files in QEMU's working
 * folder.
 *
 * job.bin     mote_job, then the inputs: for each sample, each of the model's inputs in order, as its tensor's bytes.
 * result.bin  mote_result, then a record for each sample:
 *               with MOTE_JOB_TRACE  the inputs as they were before the inference, then for each operator in order of
 *                                    execution each of its outputs, taken in the hook;
 *               always               each of the model's outputs, in order.
 *
 * The model itself is put into the machine's memory by QEMU's loader, at mote_job.model_address. All fields are little
 * endian and of fixed size; all structs have the same layout on host and device (asserted below).
 *
 * With MOTE_JOB_MODELS one start takes many models, good and bad ones:
 *
 * job.bin     mote_job, then for each of `samples` models: mote_model_job, the file, the inputs of each step.
 * result.bin  mote_result, then for each model: mote_model_result, the outputs of each step that was done.
 *
 * The program reads each file to mote_job.model_address itself, so that this must be memory that it can write, and
 * mote_job.model_bytes is how much there is.
 */
#ifndef MOTE_DEVICE_JOB_H_
#define MOTE_DEVICE_JOB_H_

#include <stdint.h>

#define MOTE_JOB_FILE "job.bin"
#define MOTE_RESULT_FILE "result.bin"

#define MOTE_JOB_MAGIC 0x424a544du    /* "MTJB" */
#define MOTE_RESULT_MAGIC 0x5352544du /* "MTRS" */
#define MOTE_JOB_VERSION 1u
#define MOTE_GUARD_BYTES 64u /* before and after the arena, inside mote_job.arena_capacity */

/* mote_job.command */
#define MOTE_JOB_INVOKE 1u     /* load the model, run every sample */
#define MOTE_JOB_COUNT_LOOP 2u /* only count a loop of loop_instructions instructions */
/* Faults made on purpose, for the tests of the machinery that reports them. */
#define MOTE_JOB_FAULT 3u   /* an undefined instruction */
#define MOTE_JOB_HANG 4u    /* an endless loop */
#define MOTE_JOB_OVERRUN 5u /* as MOTE_JOB_INVOKE, and one byte past the arena is changed after the first inference */

#define MOTE_JOB_MODELS 6u /* many models, one after another */

/* mote_job.flags */
#define MOTE_JOB_TRACE 1u /* keep every tensor */
#define MOTE_JOB_COUNT 2u /* count instructions: of the loop, of loading, of the first counted_samples inferences */
#define MOTE_JOB_SPOIL 4u /* MOTE_JOB_MODELS: as MOTE_JOB_OVERRUN, for every model */

typedef struct mote_job {
  uint32_t magic;
  uint32_t version;
  uint32_t command;
  uint32_t flags;
  uint32_t model_address;
  uint32_t model_bytes;
  uint32_t arena_address; /* aligned to 16 */
  uint32_t arena_capacity;
  uint32_t samples;
  uint32_t counted_samples;   /* these run once more, without the trace, when there is one */
  uint32_t input_bytes;       /* of one sample */
  uint32_t loop_instructions; /* even; the length of the calibration loop */
} mote_job;

/* mote_result.outcome */
#define MOTE_RESULT_RUNNING 0u /* the program was stopped before its end */
#define MOTE_RESULT_DONE 1u
#define MOTE_RESULT_BAD_JOB 2u      /* magic, version or command; job.bin missing */
#define MOTE_RESULT_REFUSED 3u      /* the model: status, error_op, error_tensor; arena_bytes where known, else 0 */
#define MOTE_RESULT_INPUT_BYTES 4u  /* job.input_bytes is not what the model's inputs need: record_bytes is */
#define MOTE_RESULT_INVOKE 5u       /* mote_model_invoke failed on sample samples_done: status */
#define MOTE_RESULT_GUARD 6u        /* sample samples_done wrote outside of the arena, at guard_offset */
#define MOTE_RESULT_READ 7u         /* job.bin is too short */
#define MOTE_RESULT_WRITE 8u        /* result.bin could not be written */
#define MOTE_RESULT_FILE_CHANGED 9u /* the model's file was written to */

/* A count of instructions: ticks of the core's counter, minus the polls that waited for the counter's next tick. The
 * host knows what a tick and a poll are worth on each machine (Cortex-M: SysTick, several instructions a tick; RISC-V:
 * minstret, one instruction a tick and no polls). */
typedef struct mote_count {
  uint64_t ticks;
  uint32_t polls;
  uint32_t regions; /* how many stretches of code were added up */
} mote_count;

typedef struct mote_result {
  uint32_t magic;
  uint32_t version;
  uint32_t outcome;
  uint32_t status; /* a mote_status */
  int32_t error_op;
  int32_t error_tensor;
  uint32_t samples_done;
  uint32_t record_bytes; /* of the first sample; all have as many */
  uint32_t arena_bytes;  /* the fewest with which mote_model_load succeeds; the model ran in them */
  int32_t guard_offset;  /* from the arena's start; negative before it */
  uint32_t stack_bytes;  /* deepest use, this program's own frames included */
  uint32_t stack_capacity;
  mote_count empty; /* nothing at all between start and stop: to be taken off the others, once a region */
  mote_count loop;
  mote_count load;
  mote_count invoke;
} mote_result;

typedef struct mote_model_job {
  uint32_t model_bytes;
  uint32_t input_bytes; /* of one step: each of the model's inputs in order */
  uint32_t steps;       /* inferences, one after another on the loaded model; 0: only load */
} mote_model_job;

/* Of one model, which runs in exactly `arena_bytes`, with guards around it. */
typedef struct mote_model_result {
  uint32_t outcome; /* MOTE_RESULT_*; RUNNING where the program was stopped within this model */
  uint32_t status;  /* a mote_status */
  int32_t error_op;
  int32_t error_code;
  int32_t error_tensor;
  uint32_t arena_bytes;
  int32_t guard_offset;  /* where the outcome is MOTE_RESULT_GUARD */
  uint32_t steps_done;   /* as many times output_bytes follow */
  uint32_t output_bytes; /* of one step; for MOTE_RESULT_INPUT_BYTES what one step's inputs should have */
} mote_model_result;

#ifdef __cplusplus
static_assert(sizeof(mote_model_job) == 12, "the same on every machine");
static_assert(sizeof(mote_model_result) == 36, "the same on every machine");
static_assert(sizeof(mote_job) == 48, "the same on every machine");
static_assert(sizeof(mote_count) == 16, "the same on every machine");
static_assert(sizeof(mote_result) == 112, "the same on every machine");
#endif

#endif /* MOTE_DEVICE_JOB_H_ */
