/* float32 arithmetic on integers for compiled models, with its bodies: for the kernels that include float32.h. */
#ifndef MOTE_MCU_RUNTIME_COMPILED_FLOAT32_H_
#define MOTE_MCU_RUNTIME_COMPILED_FLOAT32_H_

#undef MOTE_KERNEL
#define MOTE_KERNEL inline
#include "mcu_runtime/float32.cc"
#include "mcu_runtime/scale.cc"

#endif /* MOTE_MCU_RUNTIME_COMPILED_FLOAT32_H_ */
