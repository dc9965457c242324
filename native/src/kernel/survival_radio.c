/* The radio of a round: set up, telecommands in, beacon out; the battery decides how much. All of
 * it blocks, within the bounds of the drivers, in thread context. */
#include "mf_drivers.h"
#include "survival_state.h"

#define READS_PER_ROUND 8u
#define PACKETS_PER_FRAME 40u
#define HOST 0u
#define LOW_BATTERY_FACTOR 6u
#define CRITICAL_BATTERY_FACTOR 30u
#define TX_SLOTS 8

static void failed(mf_survival_t *self)
{
    self->radio_errors++;
    self->radio_ready = false;
}

static bool battery_low(const mf_survival_t *self)
{
    return self->battery != SURVIVAL_BATTERY_GOOD;
}

static bool set_carrier(mf_survival_t *self, bool on)
{
    const uint8_t rate = (uint8_t)survival_get(self, WORD_RATE);
    if (mf_radio_control(self->parts.bus, on, rate) < 0) {
        failed(self);
        return false;
    }
    self->carrier = on;
    return true;
}

void survival_radio_reset(mf_survival_t *self)
{
    self->radio_ready = false;
    mf_tm_abandon(&self->parts.link->tm);
    (void)mf_space_link_start(self->parts.link);
}

static void send_frame(mf_survival_t *self)
{
    const int size = mf_space_link_cadu(self->parts.link, HOST, self->frame);
    if (size <= 0) {
        return;
    }
    const int status = mf_radio_send(self->parts.bus, self->frame, (uint32_t)size);
    /* A modem that is full of frames works all the same: this one is given up. */
    if (status < 0 && status != MF_E_NOSPC) {
        failed(self);
    }
}

void survival_send(mf_survival_t *self, uint32_t size)
{
    uint32_t at = 0;
    if (!self->radio_ready || !self->carrier) {
        return;
    }
    while (at < size) {
        const int taken = mf_tm_push(&self->parts.link->tm, HOST, self->packet, at, size);
        if (taken < 0) {
            return;
        }
        at += (uint32_t)taken;
        if (at < size) {
            send_frame(self);
        }
    }
}

/* The packets of the frame that was accepted. */
static void carry_out(mf_survival_t *self, uint64_t now_us)
{
    mf_space_link_t *link = self->parts.link;
    for (uint32_t i = 0; i < PACKETS_PER_FRAME; i++) {
        const uint8_t *packet;
        const int length = mf_space_link_packet(link, &packet);
        if (length <= 0) {
            return;
        }
        survival_command(self, packet, (uint32_t)length, link->tc.frame_vc, now_us);
    }
}

static void receive(mf_survival_t *self, uint64_t now_us)
{
    mf_space_link_t *link = self->parts.link;
    for (uint32_t i = 0; i < READS_PER_ROUND; i++) {
        const int size = mf_radio_receive(self->parts.bus, self->received, sizeof(self->received));
        if (size < 0) {
            failed(self);
            return;
        }
        if (size == 0) {
            return;
        }
        for (uint32_t at = 0; at < (uint32_t)size;) {
            at += mf_space_link_receive(link, &self->received[at], (uint32_t)size - at, now_us);
            if (link->outcome == MF_LINK_REFUSED) {
                self->refused++;
            } else if (link->outcome == MF_LINK_PACKETS) {
                carry_out(self, now_us);
            }
        }
    }
}

void survival_radio(mf_survival_t *self, uint64_t now_us)
{
    const uint32_t now_ms = (uint32_t)(now_us / 1000u);
    const bool emit = !mf_survival_ceased(self) && !self->launching;
    const bool due = survival_due(now_ms, survival_get(self, WORD_BEACON_MS));
    if (due) {
        survival_power(self);
    }
    if (!self->radio_ready) {
        self->radio_ready = mf_radio_probe(self->parts.bus) >= 0;
        if (!self->radio_ready) {
            failed(self);
            return;
        }
        (void)set_carrier(self, emit && (due || !battery_low(self)));
    } else if (self->carrier && !emit) {
        (void)set_carrier(self, false);
    } else if (emit && !self->carrier && (due || !battery_low(self))) {
        (void)set_carrier(self, true);
    }
    if (self->radio_ready) {
        receive(self, now_us);
    }
    if (due && self->radio_ready) {
        static const uint32_t factors[] = {1u, LOW_BATTERY_FACTOR, CRITICAL_BATTERY_FACTOR};
        const uint32_t factor = factors[self->battery];
        const uint32_t period_ms = survival_get(self, WORD_BEACON_S) * 1000u * factor;
        survival_send(self, survival_beacon(self, now_us));
        self->beacons = (uint16_t)(self->beacons + (emit ? 1u : 0u));
        survival_set(self, WORD_BEACON_MS, now_ms + period_ms);
    }
    if (self->radio_ready && self->carrier) {
        send_frame(self);
    }
    /* On a low battery the carrier is on while there is something to send. */
    if (self->radio_ready && self->carrier && battery_low(self) && !due &&
        mf_radio_tx_free(self->parts.bus) == TX_SLOTS) {
        (void)set_carrier(self, false);
    }
}
