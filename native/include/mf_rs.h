/* Reed-Solomon (255,223), E = 16, interleaving depth 1, in the dual basis (CCSDS 131.0-B-4 section
 * 4): field polynomial 0x187, first root 112, primitive element alpha^11. Encoder only: decoding is
 * the ground's. */
#ifndef MF_RS_H
#define MF_RS_H

#include <stdint.h>

#define MF_RS_DATA 223u
#define MF_RS_PARITY 32u
#define MF_RS_BLOCK 255u

void mf_rs_encode(const uint8_t data[MF_RS_DATA], uint8_t parity[MF_RS_PARITY]);

#endif
