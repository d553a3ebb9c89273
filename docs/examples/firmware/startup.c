/* From the reset to main, on any Cortex-M. */
#include <stdint.h>

extern uint32_t data_begin, data_end, data_in_flash, bss_begin, bss_end, stack_top;
int main(void);

static void quit(int status) {
  enum { SYS_EXIT_EXTENDED = 0x20, APPLICATION_EXIT = 0x20026 };
  const uint32_t block[2] = {APPLICATION_EXIT, (uint32_t)status};
  register int r0 __asm__("r0") = SYS_EXIT_EXTENDED;
  register const uint32_t* r1 __asm__("r1") = block;
  __asm__ volatile("bkpt 0xab" : : "r"(r0), "r"(r1) : "memory");
  for (;;) {
  }
}

void reset_handler(void) {
  const uint32_t* from = &data_in_flash;
  for (uint32_t* to = &data_begin; to != &data_end;) *to++ = *from++;
  for (uint32_t* to = &bss_begin; to != &bss_end;) *to++ = 0;
  quit(main());
}

static void fault_handler(void) { quit(99); }

__attribute__((section(".vectors"), used)) static const void* const vectors[16] = {
    &stack_top,    (void*)reset_handler, (void*)fault_handler, (void*)fault_handler,
    (void*)fault_handler, (void*)fault_handler, (void*)fault_handler,
};

/* What compilers call by themselves. */
void* memcpy(void* to, const void* from, __SIZE_TYPE__ count) {
  for (__SIZE_TYPE__ i = 0; i < count; ++i) ((uint8_t*)to)[i] = ((const uint8_t*)from)[i];
  return to;
}
void* memset(void* to, int value, __SIZE_TYPE__ count) {
  for (__SIZE_TYPE__ i = 0; i < count; ++i) ((uint8_t*)to)[i] = (uint8_t)value;
  return to;
}
int memcmp(const void* a, const void* b, __SIZE_TYPE__ count) {
  for (__SIZE_TYPE__ i = 0; i < count; ++i) {
    const int difference = ((const uint8_t*)a)[i] - ((const uint8_t*)b)[i];
    if (difference != 0) return difference;
  }
  return 0;
}
