/* The network, whichever way it is built in: model_compiled.c or model_runtime.c. */
#ifndef MODEL_H_
#define MODEL_H_

#include <stdbool.h>
#include <stdint.h>

bool model_start(void);
int8_t* model_input(void);                 /* 8 x 8 codes, to be written before each model_run */
const int8_t* model_run(void);             /* ten scores, the largest that of the digit */
int8_t model_code_of_pixel(uint8_t pixel); /* 0 to 16, as the images have them */

#endif
