/* How an operator calls a kernel: MOTE_RUN((arguments), Kernel) is Kernel(arguments). The model compiler compiles the
 * operators once more with macros of its own, which write the call down instead (export/compiler/recording.h): so every
 * kernel is called through them, with parameter structures, pointers and numbers as its arguments.
 */
#ifndef MOTE_MCU_RUNTIME_OPERATORS_RUN_H_
#define MOTE_MCU_RUNTIME_OPERATORS_RUN_H_

#ifndef MOTE_RECORDING
#define MOTE_RUN(arguments, ...) __VA_ARGS__ arguments
/* Of a kernel that is known by a pointer; `name` is written down. */
#define MOTE_RUN_NAMED(name, arguments, function) function arguments
/* `count` structures that the operator has made for the call. */
#define MOTE_TABLE(pointer, count) pointer
/* Channels that are done at once, so that stacks are small. */
#define MOTE_BLOCK(channels) channels
#endif

#endif /* MOTE_MCU_RUNTIME_OPERATORS_RUN_H_ */
