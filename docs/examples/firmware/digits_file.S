/* The model's file, as it is. */
  .section .rodata.digits_file, "a"
  .global digits_file, digits_file_end
  .balign 16
digits_file:
  .incbin "digits.tflite"
digits_file_end:
