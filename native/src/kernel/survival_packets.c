/* Packets of survival: beacon and verification reports, as Python's (flight/core/telemetry.py) but
 * of an application process of its own, with counters of its own. Big-endian throughout. */
#include <string.h>

#include "mf_kernel_state.h"
#include "survival_state.h"

#define HEADER_SIZE 20u
#define BEACON_ID 0x0020u
#define TIME_P_FIELD 0x2Eu

/* Quality of time, by what the kernel knows of it: unknown, set, restored. */
static const uint8_t qualities[] = {0, [MF_TIME_TRUSTED] = 2, [MF_TIME_DOUBTED] = 1};

static const uint8_t services[][2] = {
    [REPORT_BEACON] = {3, 25},       [REPORT_ACCEPTED] = {1, 1},
    [REPORT_ACCEPTANCE_FAILED] = {1, 2}, [REPORT_STARTED] = {1, 3},
    [REPORT_START_FAILED] = {1, 4},  [REPORT_COMPLETED] = {1, 7},
    [REPORT_COMPLETION_FAILED] = {1, 8}, [REPORT_PING] = {17, 2},
};

typedef struct {
    uint8_t *data;
    uint32_t used;
} writer_t;

static void put(writer_t *out, uint32_t value, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++) {
        out->data[out->used++] = (uint8_t)(value >> (8u * (size - 1u - i)));
    }
}

static void put_float(writer_t *out, float value)
{
    uint32_t raw;
    memcpy(&raw, &value, sizeof(raw));
    put(out, raw, 4);
}

/* Both headers; the length comes with the end. */
static writer_t begin(mf_survival_t *self, enum survival_report kind, uint16_t destination,
                      uint64_t now_us)
{
    writer_t out = {.data = self->packet, .used = 0};
    mf_kernel_time_t time;
    mf_kernel_time(self->parts.kernel, &time);
    const uint32_t seconds = time.known != 0 ? time.seconds : (uint32_t)(now_us / 1000000u);
    put(&out, 0x0800u | MF_SURVIVAL_APID, 2);
    put(&out, 0xC000u | self->sequence, 2);
    put(&out, 0, 2);
    put(&out, 0x20u | qualities[time.known % 3u], 1);
    put(&out, services[kind][0], 1);
    put(&out, services[kind][1], 1);
    put(&out, self->counters[kind]++, 2);
    put(&out, destination, 2);
    put(&out, TIME_P_FIELD, 1);
    put(&out, seconds, 4);
    put(&out, time.known != 0 ? time.fraction : 0u, 2);
    self->sequence = (uint16_t)((self->sequence + 1u) & 0x3FFFu);
    return out;
}

static uint32_t end(writer_t *out)
{
    const uint32_t length = out->used + 2u - 7u;
    out->data[4] = (uint8_t)(length >> 8);
    out->data[5] = (uint8_t)length;
    put(out, mf_crc16(0xFFFFu, out->data, out->used), 2);
    return out->used;
}

uint32_t survival_beacon(mf_survival_t *self, uint64_t now_us)
{
    writer_t out = begin(self, REPORT_BEACON, 0, now_us);
    const mf_boot_record_t *record = &self->record;
    const uint32_t now_ms = (uint32_t)(now_us / 1000u);
    mf_report_t report;
    mf_kernel_report(self->parts.kernel, &report);
    put(&out, BEACON_ID, 2);
    put(&out, survival_get(self, WORD_REASON), 1);
    put(&out, survival_get(self, WORD_RESTARTS), 1);
    put(&out, record->attempts[0], 1);
    put(&out, record->attempts[1], 1);
    put(&out, self->parts.slot, 1);
    put(&out, record->choice, 1);
    put(&out, self->parts.reset_cause, 1);
    put(&out, report.mode, 1);
    put(&out, record->starts, 4);
    put(&out, (uint32_t)(now_us / 1000000u), 4);
    put(&out, now_ms - survival_get(self, WORD_SINCE_MS), 4);
    put_float(&out, report.rate_rad_s);
    put(&out, self->battery_known ? self->battery_mV : 0u, 2);
    put(&out, record->vm_restarts, 2);
    put(&out, record->entries, 2);
    put(&out, self->beacons, 2);
    put(&out, self->accepted, 2);
    put(&out, self->refused, 2);
    put(&out, self->radio_errors, 2);
    put(&out, self->vote.repaired, 2);
    for (uint32_t i = 0; i < MF_BOOT_CAUSES; i++) {
        put(&out, record->causes[i], 1);
    }
    return end(&out);
}

uint32_t survival_report(mf_survival_t *self, enum survival_report kind, uint16_t destination,
                         const uint8_t *request, uint16_t code, uint64_t now_us)
{
    writer_t out = begin(self, kind, destination, now_us);
    for (uint32_t i = 0; request != NULL && i < 4u; i++) {
        put(&out, request[i], 1);
    }
    if (code != 0) {
        put(&out, code, 2);
    }
    return end(&out);
}
