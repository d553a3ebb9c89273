/* mote device runtime: runs int8 TensorFlow Lite models, exactly (contract mote-int8 v1), in memory that you give it.
 *
 *   static const mote_operator* const operators[] = {&mote_op_conv_2d, &mote_op_softmax, 0};   // or mote_all_operators
 *   static uint8_t arena[4096] MOTE_ALIGNED;          // mote_model_arena_size says how much is needed, exactly
 *   static mote_model model;
 *   if (mote_model_load(&model, operators, file, file_size, arena, sizeof arena) != MOTE_OK) { ... }
 *   int8_t* in = mote_model_input(&model, 0).data;    // fill it; then
 *   mote_model_invoke(&model);
 *   const int8_t* out = mote_model_output(&model, 0).data;
 *
 * Only the operators that are named are linked; `mote registry MODEL` writes the list that a model needs.
 *
 * The file is untrusted: it is verified completely before anything of it is used, and stays where it is (flash is fine;
 * any alignment). It must not change while the model is in use. No heap, no globals: models are independent, and calls
 * on different models may run at the same time, unless they share memory.
 */
#ifndef MOTE_RUNTIME_H_
#define MOTE_RUNTIME_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define MOTE_ALIGNED __attribute__((aligned(16)))
#else
#define MOTE_ALIGNED
#endif

#define MOTE_MAX_DIMENSIONS 6
#define MOTE_SELFTEST_MAGIC 0x5453544du /* "MTST" */

/* Numbered for good: a number never changes its meaning. mote_status_text gives the words. */
typedef enum mote_status {
  MOTE_OK = 0,
  MOTE_ERROR_ARGUMENT = 1,     /* a null pointer or an index out of range */
  MOTE_ERROR_NOT_A_MODEL = 2,  /* no TFL3 identifier, or not schema version 3 */
  MOTE_ERROR_TRUNCATED = 3,    /* an offset or a vector leaves the file */
  MOTE_ERROR_STRUCTURE = 4,    /* tables that contradict each other, cycles, tensors used before they are made */
  MOTE_ERROR_OPERATOR = 5,     /* an operator that is not in the list given (or not in the runtime) */
  MOTE_ERROR_TYPE = 6,         /* a tensor type that the operator does not take */
  MOTE_ERROR_SHAPE = 7,        /* shapes that do not fit together, or sizes that overflow */
  MOTE_ERROR_QUANTIZATION = 8, /* scales or zero points that are missing, out of range or do not fit together */
  MOTE_ERROR_OPTION = 9,       /* a stride, dilation, padding, axis or activation out of range */
  MOTE_ERROR_BUFFER = 10,      /* a constant's buffer has not its tensor's size, or is missing */
  MOTE_ERROR_ARENA_TOO_SMALL = 11,
  MOTE_ERROR_ARENA_ALIGNMENT = 12, /* the arena must be aligned to 16 bytes */
  MOTE_ERROR_ACCUMULATOR = 13,     /* an accumulator that could leave 32 bits */
  MOTE_ERROR_NOT_LOADED = 14,      /* invoke before a successful load */
  MOTE_ERROR_LIMIT = 15,           /* more to plan or to check than a file of this size should ask for */
  MOTE_ERROR_SELFTEST = 16         /* mote_selftest: no golden data in the file, or another result than it says */
} mote_status;

typedef enum mote_type {
  MOTE_FLOAT32 = 0,
  MOTE_INT32 = 2,
  MOTE_UINT8 = 3,
  MOTE_INT64 = 4,
  MOTE_BOOL = 6,
  MOTE_INT16 = 7,
  MOTE_INT8 = 9,
  MOTE_RESOURCE = 13, /* the handle of a variable */
  MOTE_INT4 = 17      /* two to a byte, the first in the low half */
} mote_type;          /* the file format's numbers */

typedef struct mote_tensor {
  void* data; /* in the arena, or in the file for constants (do not write) */
  size_t bytes;
  mote_type type;
  int32_t dimensions;
  int32_t shape[MOTE_MAX_DIMENSIONS];
  float scale; /* the first one; 0 where there is none. Bits as in the file: never computed */
  int32_t zero_point;
} mote_tensor;

/* One kind of operator, for the list that mote_model_load takes. The runtime has those of mcu_runtime/operators.def:
 * mote_op_conv_2d, mote_op_conv_2d_int16, ... */
typedef struct mote_operator mote_operator;
#define MOTE_OPERATOR(symbol, ...) extern const mote_operator mote_op_##symbol;
#include "operators.def"
#undef MOTE_OPERATOR
/* All of them, ending with null. Links the whole runtime. */
extern const mote_operator* const mote_all_operators[];

struct mote_model;
/* Called after each operator: `op` counts from 0, in order of execution. For profiling, tracing and verification. */
typedef void (*mote_hook)(void* context, const struct mote_model* model, int32_t op);

/* What a failed load was about; of mote_selftest, the first operator whose outputs differ. */
typedef struct mote_fault {
  int32_t op;     /* the operator's index, or -1 */
  int32_t code;   /* that operator's BuiltinOperator number, or -1; mote_operator_name has the words */
  int32_t tensor; /* the tensor's index, or -1 */
} mote_fault;

/* Opaque; here so that it can stand on the stack or in static memory. Only `fault` is for reading. */
typedef struct mote_model {
  size_t internal[30];
  mote_hook hook;
  void* hook_context;
  mote_fault fault;
  uint32_t state;
} mote_model;

/* The bytes that a model needs, exactly. */
typedef struct mote_memory {
  size_t arena;  /* in all: what mote_model_load needs */
  size_t own;    /* for mote_model_load_sharing: tables, and state from one inference to the next */
  size_t shared; /* for mote_model_load_sharing: inputs, outputs, activations, scratch */
} mote_memory;

/* Verifies the file and says what memory it needs. The same errors as load; `fault` may be null. Takes 16 KB of stack:
 * mote_model_load does the same work in the arena. */
mote_status mote_model_memory(const mote_operator* const* operators, const void* file, size_t file_size,
                              mote_memory* memory, mote_fault* fault);

/* `operators`: ends with null. `arena`: aligned to 16, used until the model is no longer. */
mote_status mote_model_load(mote_model* model, const mote_operator* const* operators, const void* file,
                            size_t file_size, void* arena, size_t arena_size);

/* For several models that run one after another: each has memory of its own, and all may share the other part, in which
 * inputs and outputs lie too: they are valid until another model is loaded or run. Both aligned to 16. */
mote_status mote_model_load_sharing(mote_model* model, const mote_operator* const* operators, const void* file,
                                    size_t file_size, void* own, size_t own_size, void* shared, size_t shared_size);

/* One forward pass. Inputs may be overwritten by it: fill them again before each. */
mote_status mote_model_invoke(mote_model* model);

/* Sets all state (variables, recurrent state) back to what it is after loading. */
mote_status mote_model_reset(mote_model* model);

int32_t mote_model_input_count(const mote_model* model);
int32_t mote_model_output_count(const mote_model* model);
mote_tensor mote_model_input(const mote_model* model, int32_t index); /* data is null for a bad index */
mote_tensor mote_model_output(const mote_model* model, int32_t index);

void mote_model_set_hook(mote_model* model, mote_hook hook, void* context);

/* For tools: the graph as it stands in the file. An activation's data is valid from its operator's hook until the
 * memory is used again. */
int32_t mote_model_tensor_count(const mote_model* model);
int32_t mote_model_operator_count(const mote_model* model);
int32_t mote_model_operator_code(const mote_model* model, int32_t op); /* the BuiltinOperator's number, or -1 */
mote_tensor mote_model_tensor(const mote_model* model, int32_t index);
int32_t mote_model_operator_output_count(const mote_model* model, int32_t op);
int32_t mote_model_operator_output(const mote_model* model, int32_t op, int32_t index); /* tensor index */

/* Runs the golden inputs that the export has stored in the file, and compares the checksum of every operator's outputs:
 * to be called once at boot, between loading and the first inference. Resets all state before and after, writes over
 * the inputs, and calls no hook. MOTE_ERROR_SELFTEST: an operator gave something else (`fault.op`), or the file has no
 * golden data for this model (`fault.op` is -1). */
mote_status mote_selftest(mote_model* model);

/* 32-bit FNV-1a. `seed`: MOTE_CHECKSUM_SEED, or the checksum of what came before. */
#define MOTE_CHECKSUM_SEED 0x811c9dc5u
uint32_t mote_checksum(uint32_t seed, const void* data, size_t bytes);
/* Of all outputs of operator `op`, in order: for hooks. */
uint32_t mote_model_checksum(const mote_model* model, int32_t op);

/* "the arena is too small" ...; "" for all with -DMOTE_NO_ERROR_TEXT. */
const char* mote_status_text(mote_status status);
/* "CONV_2D" ..., for the operators of the runtime; "" with -DMOTE_NO_ERROR_TEXT and for operators that the runtime does
 * not have: on the host, `mote inspect` names those too. */
const char* mote_operator_name(int32_t code);

#ifdef __cplusplus
}
#endif

#endif /* MOTE_RUNTIME_H_ */
