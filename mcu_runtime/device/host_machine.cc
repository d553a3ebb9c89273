// The machine under compiled_main.cc where it is this one: plain files, nothing counted.
#include <fcntl.h>
#include <unistd.h>

#include <cstring>

#include "mcu_runtime/device/counter.h"
#include "mcu_runtime/device/semihosting.h"
#include "mcu_runtime/device/start.h"

namespace mote::device {

HostFile::HostFile(const char* name, FileMode mode)
    : handle_(mode == FileMode::kRead ? open(name, O_RDONLY) : open(name, O_WRONLY | O_CREAT | O_TRUNC, 0666)) {}

bool HostFile::Read(void* data, size_t bytes) const {
  auto* at = static_cast<char*>(data);
  while (bytes != 0) {
    const ssize_t got = read(handle_, at, bytes);
    if (got <= 0) return false;
    at += got;
    bytes -= static_cast<size_t>(got);
  }
  return true;
}

bool HostFile::Write(const void* data, size_t bytes) const {
  const auto* at = static_cast<const char*>(data);
  while (bytes != 0) {
    const ssize_t put = write(handle_, at, bytes);
    if (put <= 0) return false;
    at += put;
    bytes -= static_cast<size_t>(put);
  }
  return true;
}

bool HostFile::Seek(uint32_t offset) const { return lseek(handle_, offset, SEEK_SET) == static_cast<off_t>(offset); }

bool HostFile::Close() const { return close(handle_) == 0; }

void PrintLine(const char* text) {
  if (write(STDERR_FILENO, text, strlen(text)) < 0) _exit(1);
}

void Exit(uint32_t code) { _exit(static_cast<int>(code)); }

void CounterSetUp() {}
void CounterStart() {}
void CounterStop(mote_count*) {}
void CounterLoop(uint32_t) {}

const uint32_t* StackPointer() { return nullptr; }
void PaintStack() {}
uint32_t PaintedStackBytes(const uint32_t*) { return 0; }
uint32_t StackBytes() { return 0; }
uint32_t StackCapacity() { return 0; }

}  // namespace mote::device

int main() { mote::device::Main(); }
