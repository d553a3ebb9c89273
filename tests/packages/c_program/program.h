#ifndef PROGRAM_H
#define PROGRAM_H

#ifdef __cplusplus
extern "C" {
#endif

int program(void);

#ifdef __cplusplus
}
#endif

#endif
