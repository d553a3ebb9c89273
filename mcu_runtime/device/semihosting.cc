#include "mcu_runtime/device/semihosting.h"

namespace mote::device {
namespace {

enum Call : uint32_t {
  kOpen = 0x01,
  kClose = 0x02,
  kWriteText = 0x04,
  kWrite = 0x05,
  kRead = 0x06,
  kSeek = 0x0a,
  kExitExtended = 0x20,
};
constexpr uint32_t kApplicationExit = 0x20026;

#if defined(__riscv)
uint32_t HostCall(uint32_t call, const void* arguments) {
  register uint32_t a0 asm("a0") = call;
  register const void* a1 asm("a1") = arguments;
  // The three instructions are the mark by which the emulator knows the call; uncompressed, and in one page.
  asm volatile(
      ".option push\n .option norvc\n .balign 16\n"
      "slli x0, x0, 0x1f\n ebreak\n srai x0, x0, 7\n"
      ".option pop\n"
      : "+r"(a0)
      : "r"(a1)
      : "memory");
  return a0;
}
#else
uint32_t HostCall(uint32_t call, const void* arguments) {
  register uint32_t r0 asm("r0") = call;
  register const void* r1 asm("r1") = arguments;
  asm volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}
#endif

uint32_t Word(const void* pointer) { return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(pointer)); }

}  // namespace

HostFile::HostFile(const char* name, FileMode mode) {
  uint32_t length = 0;
  while (name[length] != 0) ++length;
  const uint32_t arguments[3] = {Word(name), static_cast<uint32_t>(mode), length};
  handle_ = static_cast<int32_t>(HostCall(kOpen, arguments));
}

// Reads and writes answer with the number of bytes that are left over.
bool HostFile::Read(void* data, size_t bytes) const {
  const uint32_t arguments[3] = {static_cast<uint32_t>(handle_), Word(data), static_cast<uint32_t>(bytes)};
  return bytes == 0 || HostCall(kRead, arguments) == 0;
}

bool HostFile::Write(const void* data, size_t bytes) const {
  const uint32_t arguments[3] = {static_cast<uint32_t>(handle_), Word(data), static_cast<uint32_t>(bytes)};
  return bytes == 0 || HostCall(kWrite, arguments) == 0;
}

bool HostFile::Seek(uint32_t offset) const {
  const uint32_t arguments[2] = {static_cast<uint32_t>(handle_), offset};
  return HostCall(kSeek, arguments) == 0;
}

bool HostFile::Close() const {
  const uint32_t arguments[1] = {static_cast<uint32_t>(handle_)};
  return HostCall(kClose, arguments) == 0;
}

void PrintLine(const char* text) { HostCall(kWriteText, text); }

void Exit(uint32_t code) {
  const uint32_t arguments[2] = {kApplicationExit, code};
  HostCall(kExitExtended, arguments);
  for (;;) {
  }
}

}  // namespace mote::device
