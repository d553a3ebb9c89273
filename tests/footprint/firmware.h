#ifndef MOTE_TESTS_FOOTPRINT_FIRMWARE_H_
#define MOTE_TESTS_FOOTPRINT_FIRMWARE_H_

#ifdef __cplusplus
extern "C" {
#endif

int Load(void);  /* a mote_status */
int Infer(void); /* 256 + the first output code, or the negative status */

#ifdef __cplusplus
}
#endif

#endif /* MOTE_TESTS_FOOTPRINT_FIRMWARE_H_ */
