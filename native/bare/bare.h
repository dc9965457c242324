/* What a bare-metal image can do: print into output.txt, and count its own instructions. */
#ifndef BARE_H
#define BARE_H

#include <stdint.h>

/* The image's own code; its result is QEMU's exit status. */
int bare_main(void);

void bare_print(const char *text);
void bare_print_hex(uint32_t value);      /* eight digits and a line end */
void bare_print_decimal(uint32_t value);  /* and a line end */

/* The next octets of input.bin, at most `size`; how many there were. */
uint32_t bare_read(void *to, uint32_t size);

/* Instructions from the call of `function` to its return, those two included. */
uint32_t bare_count(void (*function)(void));

#endif
