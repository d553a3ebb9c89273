/* What the function of a layer says first. */
#ifndef MOTE_MCU_RUNTIME_COMPILED_WRITES_MEMORY_H_
#define MOTE_MCU_RUNTIME_COMPILED_WRITES_MEMORY_H_

namespace mote::compiled {

/* No code, but the caller's call stays. IVOPTs of GCC 12 may write an address in the arena as a multiple of another one
 * with a base of 0; the passes after it take a store there for one to null, so that a function that stores nowhere else
 * has no effect for them: at -O1 the call of ARG_MAX was dropped. */
inline void WritesMemory() { asm volatile("" ::: "memory"); }

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_WRITES_MEMORY_H_
