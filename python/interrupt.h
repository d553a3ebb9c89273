// Long work beside Python: without the GIL, and yet stopped by Ctrl-C.
#ifndef MOTE_PYTHON_INTERRUPT_H_
#define MOTE_PYTHON_INTERRUPT_H_

#include <atomic>
#include <functional>

namespace mote_python {

// Runs `work` on a thread of its own while the caller waits without the GIL and looks for signals ten times a second. A
// signal's exception (KeyboardInterrupt) sets the flag that `work` was given; once `work` has returned, it is thrown.
// Exceptions of `work` are thrown here too.
void RunInterruptibly(const std::function<void(const std::atomic<bool>& interrupt)>& work);

}  // namespace mote_python

#endif  // MOTE_PYTHON_INTERRUPT_H_
