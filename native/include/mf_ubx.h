/* GNSS receiver: UBX-NAV-PVT from a byte stream, to an Earth-fixed state and UTC.
 *
 * Source: u-blox M8 interface description UBX-13003221, chapters 32.2 to 32.4 (frame and checksum)
 * and 32.17.14 (NAV-PVT). Bytes come in pieces of any size, with noise, gaps and other messages
 * between; a message is used when class, id, length and both checksum bytes are right. Position
 * and velocity are turned from geodetic (WGS-84) and north-east-down to ITRF, single precision:
 * within 1.5 m and 1 cm/s of what the receiver said. Up to the first accepted message, and for what
 * the receiver itself marks as unreliable, there is no fix. */
#ifndef MF_UBX_H
#define MF_UBX_H

#include <stdbool.h>
#include <stdint.h>

#include "mf_status.h"
#include "mf_time.h"

#define MF_UBX_PVT_SIZE 92u

typedef struct {
    uint8_t payload[MF_UBX_PVT_SIZE];
    uint16_t length;     /* of the message on its way */
    uint16_t taken;      /* bytes of it so far, header included */
    uint8_t sum_a, sum_b;
    bool wanted;         /* it is NAV-PVT */
    uint16_t messages;   /* NAV-PVT with a good checksum, wraps */
    uint16_t broken;     /* bad checksum or impossible length, wraps */
} mf_ubx_t;

typedef struct {
    float r_E_m[3];          /* antenna in ITRF */
    float v_E_m_s[3];        /* relative to the turning Earth */
    float position_sigma_m;  /* receiver's own estimate, horizontal and vertical together */
    float velocity_sigma_m_s;
    mf_day_t utc;            /* of the fix, rounded down to 1/65536 s */
    uint8_t satellites;
    bool time_valid;         /* date and time are resolved; else utc is 0 */
} mf_ubx_fix_t;

void mf_ubx_reset(mf_ubx_t *state);

/* One byte of the stream; true when it completed a NAV-PVT message, kept until the next byte. */
bool mf_ubx_push(mf_ubx_t *state, uint8_t byte);

/* Convert the completed message. 0; MF_E_STALE: no three-dimensional fix or one the receiver does
 * not vouch for; MF_E_RANGE: numbers that no low orbit gives. `out` unchanged on error. */
int mf_ubx_fix(const mf_ubx_t *state, mf_ubx_fix_t *out);

#endif
