/* Text by semihosting: QEMU and debuggers print it. A product would use a UART here. */
#ifndef CONSOLE_H_
#define CONSOLE_H_

void print(const char* text);
void print_number(int number);

#endif
