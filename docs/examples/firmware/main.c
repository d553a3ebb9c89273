/* Classifies handwritten digits on a Cortex-M4 and prints what it sees. */
#include "console.h"
#include "images.h"
#include "model.h"

static int largest(const int8_t* scores, int count) {
  int best = 0;
  for (int i = 1; i < count; ++i) {
    if (scores[i] > scores[best]) best = i;
  }
  return best;
}

int main(void) {
  int right = 0;
  if (!model_start()) {
    print("the model does not load\n");
    return 1;
  }
  for (int i = 0; i < IMAGE_COUNT; ++i) {
    int8_t* input = model_input();
    for (int p = 0; p < IMAGE_PIXELS; ++p) input[p] = model_code_of_pixel(images[i].pixels[p]);
    const int8_t* scores = model_run();
    const int digit = largest(scores, 10);
    right += digit == images[i].digit;
    print("a ");
    print_number(images[i].digit);
    print(" is seen as ");
    print_number(digit);
    print("\n");
  }
  print_number(right);
  print(" of ");
  print_number(IMAGE_COUNT);
  print(" are right\n");
  return right == IMAGE_COUNT ? 0 : 1;
}
