// The kernels' parameter structures as RecordModel gives them (Argument::value): in the namespace mote::recorded.
// Include it after everything that might include the runtime's headers by themselves, and only in files that do not use
// mote::device.
#ifndef MOTE_EXPORT_COMPILER_RECORD_TYPES_H_
#define MOTE_EXPORT_COMPILER_RECORD_TYPES_H_

#define device recorded
#include "export/compiler/record_fields.h"
#undef device

#endif  // MOTE_EXPORT_COMPILER_RECORD_TYPES_H_
