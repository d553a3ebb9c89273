// The device runtime's table of operators, in a copy in which one kernel can be broken.
#ifndef MOTE_TESTS_EXPORT_BREAKABLE_OPERATORS_H_
#define MOTE_TESTS_EXPORT_BREAKABLE_OPERATORS_H_

#include <cstdint>

// From now on the kernel of this builtin operator puts one code of its output off by one; -1: all are sound.
void BreakKernel(int32_t builtin_code);

#endif  // MOTE_TESTS_EXPORT_BREAKABLE_OPERATORS_H_
