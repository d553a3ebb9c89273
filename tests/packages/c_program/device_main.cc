// The same program where semihosting is all that there is.
#include "mcu_runtime/device/semihosting.h"
#include "mcu_runtime/device/start.h"
#include "program.h"

void mote::device::Main() { Exit(static_cast<uint32_t>(program())); }
