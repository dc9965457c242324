/* Reception of secured telecommand frames: header, FARM-1, SDLS, packets (docs/link.md).
 * A frame that is refused changes nothing but one counter; an accepted one changes V(R), flags and
 * replay window together. */
#ifndef MF_TC_H
#define MF_TC_H

#include <stdbool.h>
#include <stdint.h>

#include "mf_farm.h"
#include "mf_link.h"
#include "mf_sdls.h"

/* Unauthenticated control commands (BC) per channel: so many at once, then one per period. */
#define MF_TC_CONTROL_BURST 4u
#define MF_TC_CONTROL_PERIOD_US 10000000u

/* Every refusal, in the order of the checks; the index of its counter. */
enum mf_tc_refusal {
    MF_TC_BAD_LENGTH = 0,
    MF_TC_BAD_FECF,
    MF_TC_BAD_VERSION,
    MF_TC_BAD_SCID,
    MF_TC_BAD_RESERVED,
    MF_TC_BAD_TYPE,
    MF_TC_BAD_VC,
    MF_TC_BAD_CONTROL,  /* BC: no known command */
    MF_TC_CONTROL_RATE, /* BC: too many; an alarm, since anybody can send them */
    MF_TC_BAD_SEGMENT,
    MF_TC_BUSY,           /* BD: packets of the last frame are still to be taken */
    MF_TC_FARM_LOCKOUT,   /* E5, or any AD frame during lockout */
    MF_TC_FARM_WAIT,      /* E2, or any AD frame during wait */
    MF_TC_FARM_AHEAD,     /* E3 */
    MF_TC_FARM_DUPLICATE, /* E4 */
    MF_TC_SDLS_SHORT,     /* from here as enum mf_sdls_result */
    MF_TC_SDLS_UNKNOWN_SPI,
    MF_TC_SDLS_NOT_OPERATIONAL,
    MF_TC_SDLS_WRONG_CHANNEL,
    MF_TC_SDLS_EXPIRED,
    MF_TC_SDLS_REPLAYED,
    MF_TC_SDLS_BEYOND_WINDOW,
    MF_TC_SDLS_BAD_TAG,
    MF_TC_SDLS_NOT_SAVED,
    MF_TC_BAD_PACKET,  /* length, version, type or sequence flags */
    MF_TC_PACKET_APID, /* not in the channel's block */
    MF_TC_REFUSALS,
};
#define MF_TC_REFUSAL_COUNT 26u
_Static_assert(MF_TC_REFUSALS == MF_TC_REFUSAL_COUNT, "count of refusals");

typedef struct {
    uint16_t apid_base, apid_count; /* packets may go to this block */
    mf_farm_t farm;
    uint8_t tokens; /* control commands that may come now */
    uint64_t refilled_us;
    uint32_t frames_ad, frames_bd, frames_bc, packets; /* accepted */
    uint16_t refused[MF_TC_REFUSAL_COUNT];             /* wrap */
} mf_tc_vc_t;

typedef struct {
    mf_tc_vc_t vc[MF_VC_COUNT];
    uint16_t refused[MF_TC_REFUSAL_COUNT]; /* before the channel is known: first seven */
    uint32_t frames;                       /* received, good or bad */
    mf_sdls_t *sdls;
    uint8_t data[MF_TC_FRAME_MAX]; /* packets of the last accepted frame */
    uint16_t length, offset;
    uint8_t frame_vc, frame_map; /* whose they are */
    uint8_t refusal;             /* why the last call refused */
    uint8_t news;                /* bit per channel whose CLCW has changed and was not sent since */
} mf_tc_t;

/* FARM window `window` (even, 2..254) on every channel. MF_OK or MF_E_INVAL. */
int mf_tc_reset(mf_tc_t *tc, mf_sdls_t *sdls, uint32_t window);
void mf_tc_set_apids(mf_tc_t *tc, uint8_t vc, uint16_t base, uint16_t count);
/* A frame at the start of frame[size], which may end in the fill of its CLTU: its own length field
 * cuts it when `fill`, else the two must agree. Decrypts in place. Octets of packets accepted (0 for
 * a control command), or MF_E_BADMSG: refused, `refusal` says why. */
int mf_tc_frame(mf_tc_t *tc, uint8_t *frame, uint32_t size, bool fill, uint64_t now_us);
/* Next packet of the accepted frame, in place; valid until the next call. Its length; 0: none left;
 * MF_E_BADMSG: refused, and with it the rest of the frame. */
int mf_tc_packet(mf_tc_t *tc, const uint8_t **packet);
/* Octets a frame claims by its length field, 1..1024: where the next one of a CLTU begins. */
uint32_t mf_tc_frame_size(const uint8_t header[5]);

#endif
