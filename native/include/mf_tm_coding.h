/* Telemetry synchronisation and channel coding (CCSDS 131.0-B-4): randomiser, ASM, convolutional
 * code; with mf_rs.h from a TM frame to what the transmitter sends. */
#ifndef MF_TM_CODING_H
#define MF_TM_CODING_H

#include <stdint.h>

#define MF_ASM_SIZE 4u
#define MF_CADU_SIZE 259u /* ASM 4, code block 255 */

/* Randomise or derandomise a code block: the sequence begins anew with it (section 10). */
void mf_tm_randomise(uint8_t *block, uint32_t size);
/* CADU in place: around the TM frame of 223 octets at cadu[4] come ASM and parity; frame and parity
 * are randomised. */
void mf_tm_cadu(uint8_t cadu[MF_CADU_SIZE]);

/* Convolutional code, K = 7, rate 1/2 (section 3): G1 171, G2 133 octal, G2 inverted. */
typedef struct {
    uint8_t state; /* last six bits, the newest lowest */
} mf_conv_t;

void mf_conv_reset(mf_conv_t *conv);
/* Encode size octets into twice as many. The stream goes on over frames. */
void mf_conv_encode(mf_conv_t *conv, const uint8_t *data, uint32_t size, uint8_t *out);

#endif
