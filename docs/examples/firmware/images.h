/* Ten of the handwritten digits that mote brings along (datasets/data), 8 x 8 pixels of 0 to 16. */
#ifndef IMAGES_H_
#define IMAGES_H_

#include <stdint.h>

enum { IMAGE_COUNT = 10, IMAGE_PIXELS = 64 };

struct image {
  int digit;
  uint8_t pixels[IMAGE_PIXELS];
};
extern const struct image images[IMAGE_COUNT];

#endif
