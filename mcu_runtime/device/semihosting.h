// Semihosting: the calls by which a program inside QEMU uses the host's files (Arm, "Semihosting for AArch32 and
// AArch64"; RISC-V uses the same numbers). Names are C strings, relative to QEMU's working folder.
#ifndef MOTE_DEVICE_SEMIHOSTING_H_
#define MOTE_DEVICE_SEMIHOSTING_H_

#include <stddef.h>
#include <stdint.h>

namespace mote::device {

enum class FileMode : uint32_t { kRead = 1, kWrite = 5 };  // "rb", "wb"

class HostFile {
 public:
  HostFile(const char* name, FileMode mode);
  bool ok() const { return handle_ != -1; }
  bool Read(void* data, size_t bytes) const;  // false: the file is shorter
  bool Write(const void* data, size_t bytes) const;
  bool Seek(uint32_t offset) const;  // from the start
  bool Close() const;

 private:
  int32_t handle_;
};

void PrintLine(const char* text);  // to QEMU's standard error
[[noreturn]] void Exit(uint32_t code);

}  // namespace mote::device

#endif  // MOTE_DEVICE_SEMIHOSTING_H_
