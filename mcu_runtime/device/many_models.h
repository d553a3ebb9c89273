// MOTE_JOB_MODELS: many models in one start of the emulator.
#ifndef MOTE_DEVICE_MANY_MODELS_H_
#define MOTE_DEVICE_MANY_MODELS_H_

#include "mcu_runtime/device/job.h"
#include "mcu_runtime/device/semihosting.h"

namespace mote::device {

// Both files stand behind their heads. Gives an outcome: MOTE_RESULT_DONE where every model has its result, be it good
// or bad.
uint32_t RunManyModels(const mote_job& job, const HostFile& inputs, const HostFile& outputs, uint32_t* models_done);

}  // namespace mote::device

#endif  // MOTE_DEVICE_MANY_MODELS_H_
