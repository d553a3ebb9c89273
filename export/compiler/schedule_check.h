// Proof of a schedule that shares nothing with the planner: runs it on an arena in which every byte remembers which
// byte of which row was written to it last.
#ifndef MOTE_EXPORT_COMPILER_SCHEDULE_CHECK_H_
#define MOTE_EXPORT_COMPILER_SCHEDULE_CHECK_H_

#include <string>

#include "export/compiler/row_network.h"
#include "export/compiler/schedule.h"

namespace mote::compiler {

// Empty, or what is wrong in one line: a step out of order, missing or doubled; a row that is not intact when it is
// read; an output that is not intact at the end; state or scratch that is written to by something else; a row outside
// of the arena or not aligned; rows of a step that overlap although its kernel does not allow it.
std::string CheckSchedule(const RowNetwork& network, const Schedule& schedule);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_SCHEDULE_CHECK_H_
