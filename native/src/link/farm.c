/* FARM-1 (CCSDS 232.1-B-2 table 6-1). */
#include "mf_farm.h"

#include <string.h>

#include "mf_status.h"

int mf_farm_reset(mf_farm_t *farm, uint32_t window)
{
    if (window < 2u || window > 254u || (window & 1u) != 0) {
        return MF_E_INVAL;
    }
    memset(farm, 0, sizeof(*farm));
    farm->window = (uint8_t)window;
    return MF_OK;
}

static void begin(const mf_farm_t *farm, mf_farm_verdict_t *verdict, enum mf_farm_event event)
{
    verdict->next = *farm;
    verdict->event = (uint8_t)event;
    verdict->accept = false;
    verdict->changes = false;
}

static void end(const mf_farm_t *farm, mf_farm_verdict_t *verdict)
{
    const mf_farm_t *next = &verdict->next;
    verdict->changes = next->vr != farm->vr || next->farm_b != farm->farm_b ||
                       next->lockout != farm->lockout || next->wait != farm->wait ||
                       next->retransmit != farm->retransmit;
}

void mf_farm_decide_ad(const mf_farm_t *farm, uint8_t ns, bool buffer_free,
                       mf_farm_verdict_t *verdict)
{
    uint8_t ahead = (uint8_t)(ns - farm->vr);
    uint8_t behind = (uint8_t)(farm->vr - ns);
    uint8_t half = farm->window / 2u;
    bool open = !farm->lockout && !farm->wait;
    if (ahead == 0) {
        begin(farm, verdict, buffer_free ? MF_FARM_E1_IN_SEQUENCE : MF_FARM_E2_NO_BUFFER);
        if (open && buffer_free) {
            verdict->accept = true;
            verdict->next.vr++;
            verdict->next.retransmit = false;
        } else if (open) {
            verdict->next.retransmit = true;
            verdict->next.wait = true;
        }
    } else if (ahead < half) {
        begin(farm, verdict, MF_FARM_E3_AHEAD);
        if (open) {
            verdict->next.retransmit = true;
        }
    } else if (behind <= half) {
        begin(farm, verdict, MF_FARM_E4_BEHIND);
    } else {
        begin(farm, verdict, MF_FARM_E5_OUTSIDE);
        verdict->next.lockout = true;
    }
    end(farm, verdict);
}

void mf_farm_decide_bd(const mf_farm_t *farm, mf_farm_verdict_t *verdict)
{
    begin(farm, verdict, MF_FARM_E6_BYPASS);
    verdict->accept = true;
    verdict->next.farm_b++;
    end(farm, verdict);
}

int mf_farm_decide_bc(const mf_farm_t *farm, const uint8_t *data, uint32_t size,
                      mf_farm_verdict_t *verdict)
{
    if (size == 1u && data[0] == 0x00u) {
        begin(farm, verdict, MF_FARM_E7_UNLOCK);
        verdict->next.lockout = false;
        verdict->next.wait = false;
        verdict->next.retransmit = false;
    } else if (size == 3u && data[0] == 0x82u && data[1] == 0x00u) {
        begin(farm, verdict, MF_FARM_E8_SET_VR);
        /* In lockout it is counted but sets nothing: Unlock has to come first. */
        if (!farm->lockout) {
            verdict->next.vr = data[2];
            verdict->next.wait = false;
            verdict->next.retransmit = false;
        }
    } else {
        return MF_E_BADMSG;
    }
    verdict->accept = true;
    verdict->next.farm_b++;
    end(farm, verdict);
    return MF_OK;
}

void mf_farm_commit(mf_farm_t *farm, const mf_farm_verdict_t *verdict)
{
    *farm = verdict->next;
}

void mf_farm_buffer_released(mf_farm_t *farm)
{
    farm->wait = false;
}

void mf_farm_clcw(const mf_farm_t *farm, uint8_t vc, bool no_rf, bool no_bit_lock, uint8_t out[4])
{
    out[0] = 0x01u; /* control word type 0, version 0, status 0, COP-1 in effect */
    out[1] = (uint8_t)(vc << 2);
    out[2] = (uint8_t)((uint32_t)no_rf << 7 | (uint32_t)no_bit_lock << 6 |
                       (uint32_t)farm->lockout << 5 | (uint32_t)farm->wait << 4 |
                       (uint32_t)farm->retransmit << 3 | (farm->farm_b & 3u) << 1);
    out[3] = farm->vr;
}
