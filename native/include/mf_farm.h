/* FARM-1, the receiving side of COP-1, of one virtual channel (CCSDS 232.1-B-2 section 6).
 * Deciding on a frame and taking over the decision are two steps: in between, the security layer
 * verifies the frame, and a frame it refuses changes nothing (design: decide, verify, commit). */
#ifndef MF_FARM_H
#define MF_FARM_H

#include <stdbool.h>
#include <stdint.h>

/* State S1 open: neither lockout nor wait; S2 wait: wait alone; S3 lockout: lockout. */
typedef struct {
    uint8_t vr;     /* V(R): N(S) of the next frame of type AD */
    uint8_t farm_b; /* FARM-B counter; its two low bits are reported */
    uint8_t window; /* W, even, 2..254; positive and negative part are W/2 each */
    bool lockout, wait, retransmit;
} mf_farm_t;

/* Rows of the state table. */
enum mf_farm_event {
    MF_FARM_E1_IN_SEQUENCE = 1, /* type AD, N(S) = V(R), buffer free */
    MF_FARM_E2_NO_BUFFER,       /* the same, but no buffer */
    MF_FARM_E3_AHEAD,           /* in the positive window: something is missing before it */
    MF_FARM_E4_BEHIND,          /* in the negative window: a duplicate */
    MF_FARM_E5_OUTSIDE,         /* outside both: lockout */
    MF_FARM_E6_BYPASS,          /* type BD */
    MF_FARM_E7_UNLOCK,          /* type BC, Unlock */
    MF_FARM_E8_SET_VR,          /* type BC, Set V(R) */
};

typedef struct {
    mf_farm_t next; /* the state once committed */
    uint8_t event;
    bool accept;  /* the frame is to be passed on (AD, BD) or was carried out (BC) */
    bool changes; /* `next` differs from the present state */
} mf_farm_verdict_t;

/* MF_OK, or MF_E_INVAL for a window that is odd or out of range. Starts open with V(R) = 0. */
int mf_farm_reset(mf_farm_t *farm, uint32_t window);
void mf_farm_decide_ad(const mf_farm_t *farm, uint8_t ns, bool buffer_free,
                       mf_farm_verdict_t *verdict);
void mf_farm_decide_bd(const mf_farm_t *farm, mf_farm_verdict_t *verdict);
/* Control command of a BC frame's data field: Unlock is 00, Set V(R) is 82 00 V(R). MF_OK or
 * MF_E_BADMSG when it is neither (verdict untouched). */
int mf_farm_decide_bc(const mf_farm_t *farm, const uint8_t *data, uint32_t size,
                      mf_farm_verdict_t *verdict);
void mf_farm_commit(mf_farm_t *farm, const mf_farm_verdict_t *verdict);
/* E10: the buffer that held the last AD frame is free again. */
void mf_farm_buffer_released(mf_farm_t *farm);
/* E11: the CLCW (CCSDS 232.0-B-4 section 4.2) that reports this channel. */
void mf_farm_clcw(const mf_farm_t *farm, uint8_t vc, bool no_rf, bool no_bit_lock, uint8_t out[4]);

#endif
