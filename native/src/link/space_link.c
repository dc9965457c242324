/* The space link as one object: associations, reception, coded frames, counters. */
#include "mf_space_link.h"

#include <stddef.h>
#include <string.h>

#define ALL_MAPS 0x7FFFu
#define EMERGENCY_MAP 0x8000u

/* Host, EC, IR, BY; the host's emergency association, whose key is kept offline; telemetry of the
 * partners. A channel's association of either direction is found by its VC. */
const mf_link_association_t mf_link_associations[MF_LINK_ASSOCIATIONS] = {
    {1, MF_SA_TC, 0, ALL_MAPS, 1},
    {2, MF_SA_TC, 1, ALL_MAPS, 1},
    {3, MF_SA_TC, 2, ALL_MAPS, 1},
    {4, MF_SA_TC, 3, ALL_MAPS, 1},
    {9, MF_SA_TC, 0, EMERGENCY_MAP, 1},
    {18, MF_SA_TM, 1, 0, MF_LINK_TM_RESERVE},
    {19, MF_SA_TM, 2, 0, MF_LINK_TM_RESERVE},
    {20, MF_SA_TM, 3, 0, MF_LINK_TM_RESERVE},
};
_Static_assert(MF_LINK_ASSOCIATIONS <= MF_SA_COUNT && MF_LINK_ASSOCIATIONS <= MF_KEY_SLOTS,
               "associations fit");

/* Refusals before the channel is known; then those of a channel. The images carry them by name, in
 * the same order. */
#define EARLY MF_TC_BAD_CONTROL
_Static_assert(offsetof(mf_link_counters_t, bad_vc) - offsetof(mf_link_counters_t, bad_length) ==
                   (EARLY - 1u) * sizeof(uint16_t),
               "refusals in a row");
_Static_assert(offsetof(mf_link_channel_t, packet_apid) -
                       offsetof(mf_link_channel_t, bad_control) ==
                   (MF_TC_REFUSAL_COUNT - EARLY - 1u) * sizeof(uint16_t),
               "refusals in a row");

/* APID blocks of the owners (flight/dictionary.py: PARTNERS). */
static const uint16_t apid_base[MF_VC_COUNT] = {0x100, 0x140, 0x180, 0x1C0};
#define APID_COUNT 32u

void mf_space_link_reset(mf_space_link_t *link, const mf_link_port_t *port)
{
    memset(link, 0, sizeof(*link));
    link->port = *port;
    mf_keys_reset(&link->keys);
    mf_iv_store_reset(&link->store, port->read, port->write, port->context, MF_LINK_COUNTERS_FRAM);
    mf_sdls_reset(&link->sdls, &link->keys, mf_iv_store_save, &link->store);
    (void)mf_tc_reset(&link->tc, &link->sdls, MF_LINK_FARM_WINDOW);
    mf_tm_reset(&link->tm, &link->tc, &link->sdls);
    mf_cltu_reset(&link->cltu, link->block, MF_LINK_TC_BLOCK, true, true, &link->coding);
    for (uint8_t vc = 0; vc < MF_VC_COUNT; vc++) {
        mf_tc_set_apids(&link->tc, vc, apid_base[vc], APID_COUNT);
    }
    for (uint32_t i = 0; i < MF_LINK_ASSOCIATIONS; i++) {
        const mf_link_association_t *row = &mf_link_associations[i];
        (void)mf_sdls_add(&link->sdls, row->spi, (enum mf_sa_direction)row->direction, row->vc,
                          row->map_mask, MF_LINK_TC_WINDOW, row->reserve);
        if (row->direction == MF_SA_TM) {
            mf_tm_secure(&link->tm, row->vc, row->spi);
        }
    }
}

/* The memory of an association's counters holds what it was delivered with: it was never used. */
static bool never_used(mf_space_link_t *link, uint32_t index)
{
    uint8_t records[2u * MF_IV_RECORD];
    uint32_t address = MF_LINK_COUNTERS_FRAM + index * sizeof(records);
    if (link->port.read(link->port.context, address, records, sizeof(records)) < 0) {
        return false;
    }
    uint32_t any = 0, all = 0xFFu;
    for (uint32_t i = 0; i < sizeof(records); i++) {
        any |= records[i];
        all &= records[i];
    }
    return any == 0 || all == 0xFFu;
}

static bool key_is_ready(mf_space_link_t *link, uint32_t index)
{
    if (mf_keys_state(&link->keys, index) == MF_KEY_ACTIVE && link->generation[index] != 0) {
        return true;
    }
    uint8_t secret[MF_GCM_KEY_SIZE];
    uint32_t generation;
    if (mf_link_stored_key(link, index, &generation, secret) != MF_OK) {
        return false;
    }
    bool ready = mf_keys_load(&link->keys, index, secret) == MF_OK &&
                 mf_keys_activate(&link->keys, index) == MF_OK;
    mf_gcm_wipe(secret, sizeof(secret));
    link->generation[index] = ready ? generation : 0;
    return ready;
}

bool mf_link_association_start(mf_space_link_t *link, uint32_t index, bool new_key)
{
    uint16_t spi = mf_link_associations[index].spi;
    const mf_sa_t *sa = mf_sdls_find(&link->sdls, spi);
    if (!key_is_ready(link, index)) {
        return false;
    }
    if (sa->state == MF_SA_OPERATIONAL) {
        return true;
    }
    if (mf_sdls_set_key(&link->sdls, spi, index) != MF_OK) {
        return false;
    }
    uint32_t generation, wanted = link->generation[index];
    uint8_t iv[12];
    int status = mf_iv_store_load(&link->store, index, spi, &generation, iv);
    if (status == MF_OK && generation == wanted) {
        return mf_sdls_resume(&link->sdls, spi, generation, iv) == MF_OK;
    }
    /* A key that was never used begins at 0. Without a whole record, or with one of a key that is
     * lost, that would open the channel to every frame ever recorded. */
    bool fresh = status == MF_OK ? generation < wanted
                                 : status == MF_E_BADMSG && (new_key || never_used(link, index));
    return fresh && mf_sdls_start(&link->sdls, spi, wanted) == MF_OK;
}

int mf_space_link_start(mf_space_link_t *link)
{
    int stopped = 0;
    for (uint32_t i = 0; i < MF_LINK_ASSOCIATIONS; i++) {
        stopped += !mf_link_association_start(link, i, false);
    }
    return stopped;
}

int mf_space_link_keep(mf_space_link_t *link)
{
    uint32_t index = link->turn;
    link->turn = (uint8_t)((index + 1u) % MF_LINK_ASSOCIATIONS);
    (void)mf_keys_check(&link->keys, index);
    return mf_space_link_start(link);
}

uint32_t mf_space_link_receive(mf_space_link_t *link, const uint8_t *data, uint32_t size,
                               uint64_t now_us)
{
    link->outcome = MF_LINK_NOTHING;
    for (uint32_t i = 0; i < size; i++) {
        int length = mf_cltu_byte(&link->cltu, data[i]);
        if (length > 0) {
            int status = mf_tc_frame(&link->tc, link->block, (uint32_t)length, true, now_us);
            mf_gcm_wipe(link->block, (uint32_t)length);
            link->outcome = status > 0    ? MF_LINK_PACKETS
                            : status == 0 ? MF_LINK_CONTROL
                                          : MF_LINK_REFUSED;
            return i + 1u;
        }
    }
    return size;
}

int mf_space_link_packet(mf_space_link_t *link, const uint8_t **packet)
{
    return mf_tc_packet(&link->tc, packet);
}

int mf_space_link_cadu(mf_space_link_t *link, uint8_t vc, uint8_t cadu[MF_CADU_SIZE])
{
    uint8_t *frame = &cadu[MF_ASM_SIZE];
    if (vc == MF_TM_VC_IDLE) {
        mf_tm_idle(&link->tm, frame);
    } else {
        int size = mf_tm_frame(&link->tm, vc, frame);
        if (size <= 0) {
            return size;
        }
    }
    mf_tm_cadu(cadu);
    return (int)MF_CADU_SIZE;
}

void mf_space_link_counters(const mf_space_link_t *link, mf_link_counters_t *out)
{
    const mf_cltu_counters_t *coding = &link->coding;
    *out = (mf_link_counters_t){
        .cltu_starts = coding->starts,
        .cltu_blocks = coding->blocks,
        .cltu_corrected = coding->corrected,
        .cltu_ended = coding->ended,
        .cltu_empty = coding->empty,
        .cltu_oversize = coding->oversize,
        .rx_frames = link->tc.frames,
        .unprotected = link->tm.unprotected,
        .tx_frames = link->tm.frames,
        .tx_packets = link->tm.packets,
        .tx_idle = link->tm.idle_frames,
    };
    memcpy(&out->bad_length, link->tc.refused, EARLY * sizeof(uint16_t));
    for (uint32_t i = 0; i < MF_VC_COUNT; i++) {
        const mf_tc_vc_t *vc = &link->tc.vc[i];
        out->accepted[i] = (uint16_t)(vc->frames_ad + vc->frames_bd + vc->frames_bc);
        for (uint32_t j = MF_TC_BAD_CONTROL; j < MF_TC_REFUSAL_COUNT; j++) {
            out->refused[i] = (uint16_t)(out->refused[i] + vc->refused[j]);
        }
    }
}

static void put_iv(const mf_iv_t *iv, uint32_t out[3])
{
    out[0] = iv->high;
    out[1] = (uint32_t)(iv->low >> 32);
    out[2] = (uint32_t)iv->low;
}

int mf_space_link_channel(const mf_space_link_t *link, uint8_t channel, mf_link_channel_t *out)
{
    if (channel >= MF_VC_COUNT) {
        return MF_E_INVAL;
    }
    const mf_tc_vc_t *vc = &link->tc.vc[channel];
    memset(out, 0, sizeof(*out));
    out->frames_ad = vc->frames_ad;
    out->frames_bd = vc->frames_bd;
    out->frames_bc = vc->frames_bc;
    out->packets = vc->packets;
    memcpy(&out->bad_control, &vc->refused[MF_TC_BAD_CONTROL],
           (MF_TC_REFUSAL_COUNT - EARLY) * sizeof(uint16_t));
    out->report_value = vc->farm.vr;
    out->farm_flags =
        (uint8_t)(vc->farm.lockout | vc->farm.wait << 1 | vc->farm.retransmit << 2);
    out->farm_b = vc->farm.farm_b;
    for (uint32_t i = 0; i < MF_LINK_ASSOCIATIONS; i++) {
        const mf_link_association_t *row = &mf_link_associations[i];
        const mf_sa_t *sa = mf_sdls_find(&link->sdls, row->spi);
        if (row->vc != channel) {
            continue;
        }
        if (row->direction == MF_SA_TC && row->map_mask != EMERGENCY_MAP) {
            out->tc_state = sa->state;
            out->tc_key = (uint8_t)mf_keys_state(&link->keys, i);
            put_iv(&sa->next, out->tc_next);
            out->tc_generation = link->generation[i];
        } else {
            out->tm_state = sa->state;
            out->tm_key = (uint8_t)mf_keys_state(&link->keys, i);
            put_iv(&sa->next, out->tm_next);
            out->tm_generation = link->generation[i];
        }
    }
    return MF_OK;
}
