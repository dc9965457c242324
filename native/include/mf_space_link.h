/* The space link of one spacecraft as one object (docs/link.md): octets of the demodulator in, space
 * packets of verified telecommands out; telemetry packets in, coded frames for the transmitter out.
 * Flight software and survival mode use the same object: there is no other way in. */
#ifndef MF_SPACE_LINK_H
#define MF_SPACE_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "mf_cltu.h"
#include "mf_iv_store.h"
#include "mf_tc.h"
#include "mf_tm.h"
#include "mf_tm_coding.h"

#define MF_LINK_ASSOCIATIONS 8u
#define MF_LINK_SECRETS 12u /* a key per association, then a wrapping key per owner */
#define MF_LINK_TC_BLOCK 266u /* octets of the longest CLTU taken: a frame of 256 and its fill */
#define MF_LINK_FARM_WINDOW 64u
#define MF_LINK_TC_WINDOW 65536u /* frames in a row that may be lost */
#define MF_LINK_TM_RESERVE 256u
#define MF_LINK_COUNTERS_FRAM 0x0400u
#define MF_LINK_KEYS_FRAM 0x0800u /* wrapped keys, two places of 64 octets per association */
#define MF_LINK_KEY_PLACE 64u
#define MF_LINK_WRAPPED_KEY 48u /* cipher text, tag */
#define MF_LINK_REKEY_REQUEST 54u /* SPI u16, generation u32, wrapped key */
#define MF_LINK_FIRST_GENERATION 1u /* of the key in the image */
#define MF_LINK_SPARE_SLOT 9u

/* One security association; the index of its row is that of its key, key slot and counters. Rows
 * and names stand in flight/dictionary.py too, and a test compares. */
typedef struct {
    uint16_t spi;
    uint8_t direction, vc;
    uint16_t map_mask; /* telecommands: bit per MAP */
    uint16_t reserve;
} mf_link_association_t;
extern const mf_link_association_t mf_link_associations[MF_LINK_ASSOCIATIONS];

/* What the octets taken by mf_space_link_receive came to. */
enum mf_link_outcome {
    MF_LINK_NOTHING = 0,
    MF_LINK_PACKETS, /* a frame was accepted: take its packets */
    MF_LINK_CONTROL, /* a control command was carried out */
    MF_LINK_REFUSED, /* tc.refusal says why */
};

/* Memory of the counters: 0 or negative; and the keys, 32 octets each. */
typedef struct {
    mf_iv_read_t read;
    mf_iv_write_t write;
    void *context;
    const uint8_t (*secrets)[MF_GCM_KEY_SIZE];
} mf_link_port_t;

/* Packet link_counters, little-endian image; all wrap. */
typedef struct {
    uint32_t cltu_starts, cltu_blocks, cltu_corrected, cltu_ended;
    uint16_t cltu_empty, cltu_oversize;
    uint32_t rx_frames;       /* telecommand frames, good or bad */
    /* In the order of enum mf_tc_refusal, before the channel is known. */
    uint16_t bad_length, bad_fecf, bad_version, bad_scid, bad_reserved, bad_type, bad_vc;
    uint16_t refused[MF_VC_COUNT], accepted[MF_VC_COUNT]; /* frames, per channel */
    uint16_t unprotected;
    uint32_t tx_frames, tx_packets, tx_idle;
} mf_link_counters_t;
_Static_assert(sizeof(mf_link_counters_t) == 68, "link counters layout");

/* Packets tc_host .. tc_BY, little-endian image: what the owner of a channel may know of it. The host's
 * telemetry is in clear: his tm_* are those of his emergency association, `next` what it accepts. */
typedef struct {
    uint32_t frames_ad, frames_bd, frames_bc, packets;
    /* In the order of enum mf_tc_refusal. */
    uint16_t bad_control, control_rate, bad_segment, busy, farm_lockout, farm_wait, farm_ahead,
        farm_duplicate, sdls_short, sdls_unknown_spi, sdls_not_operational, sdls_wrong_channel,
        sdls_expired, sdls_replayed, sdls_beyond_window, sdls_bad_tag, sdls_not_saved, bad_packet,
        packet_apid;
    uint8_t report_value, farm_flags;           /* V(R); bit 0 lockout, 1 wait, 2 retransmit */
    uint8_t farm_b;
    uint8_t tc_state, tc_key;  /* enum mf_sa_state, enum mf_key_state */
    uint8_t tm_state, tm_key;
    uint8_t spare[3];
    uint32_t tc_next[3]; /* IV, high word first: the lowest that is accepted */
    uint32_t tm_next[3]; /* the next that is sent */
    uint32_t tc_generation, tm_generation;
} mf_link_channel_t;
_Static_assert(sizeof(mf_link_channel_t) == 96, "link channel layout");

typedef struct {
    mf_keys_t keys;
    mf_sdls_t sdls;
    mf_iv_store_t store;
    mf_tc_t tc;
    mf_tm_t tm;
    mf_cltu_t cltu;
    mf_cltu_counters_t coding;
    mf_link_port_t port;
    uint8_t block[MF_LINK_TC_BLOCK];
    uint32_t generation[MF_LINK_ASSOCIATIONS]; /* of the key in its slot; 0: none */
    uint8_t outcome; /* enum mf_link_outcome, of the last mf_space_link_receive */
    uint8_t turn;    /* row that mf_space_link_keep looks at next */
} mf_space_link_t;

/* Everything forgotten, no association operational. */
void mf_space_link_reset(mf_space_link_t *link, const mf_link_port_t *port);
/* Load the keys and resume every association from its persisted counter; begin those that were never
 * used. What is operational is left alone. Number of associations that are not operational. Thread
 * context: reads and writes the memory of the counters. */
int mf_space_link_start(mf_space_link_t *link);
/* Upkeep, every few seconds: the next key in turn is looked at, and loaded anew when it has changed in
 * memory; then as mf_space_link_start. */
int mf_space_link_keep(mf_space_link_t *link);
/* Octets from the demodulator, at any bit alignment. Stops behind each CLTU; how many octets were
 * taken, and `outcome`. Thread context. */
uint32_t mf_space_link_receive(mf_space_link_t *link, const uint8_t *data, uint32_t size,
                               uint64_t now_us);
/* Next packet of the accepted frame, valid until the next call: its length, 0 none left, MF_E_BADMSG
 * refused (tc.refusal). It belongs to the owner `tc.frame_vc`. */
int mf_space_link_packet(mf_space_link_t *link, const uint8_t **packet);
/* The open frame of a channel, or with MF_TM_VC_IDLE an idle frame, coded for the transmitter: 259;
 * 0 or negative as mf_tm_frame. */
int mf_space_link_cadu(mf_space_link_t *link, uint8_t vc, uint8_t cadu[MF_CADU_SIZE]);
/* A new key for an association of `owner`, wrapped by him: SPI, generation (has to grow), AES-256-GCM
 * under his wrapping key with SPI and generation as nonce (six octets, then zeros) and as additional
 * data. The counter begins at 0. MF_OK; MF_E_INVAL: none of his; MF_E_STALE: generation; MF_E_BADMSG:
 * not authentic, no key, or known; MF_E_IO: not saved. Nothing has changed then, but for MF_E_IO,
 * where mf_space_link_keep goes on with what was saved. Thread context. */
int mf_space_link_rekey(mf_space_link_t *link, uint8_t owner,
                        const uint8_t request[MF_LINK_REKEY_REQUEST]);
/* Between the files of the link: the key that an association has to use, and its generation (MF_OK or
 * MF_E_IO); bring up the association of a row, true when it is
 * operational; `new_key`: it comes from its owner just now. */
int mf_link_stored_key(const mf_space_link_t *link, uint32_t index, uint32_t *generation,
                       uint8_t secret[MF_GCM_KEY_SIZE]);
bool mf_link_association_start(mf_space_link_t *link, uint32_t index, bool new_key);
void mf_space_link_counters(const mf_space_link_t *link, mf_link_counters_t *out);
/* MF_OK, or MF_E_INVAL for a channel that is not there. */
int mf_space_link_channel(const mf_space_link_t *link, uint8_t vc, mf_link_channel_t *out);

#endif
