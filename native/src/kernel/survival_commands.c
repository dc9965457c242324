/* Direct commands: the few 8/1 functions that survival obeys, and 17/1, of the host alone, checked
 * and reported as by flight/core/commands.py and flight/services/function.py. */
#include "survival_state.h"

#define HEADER_SIZE 11u
#define CRC_SIZE 2u
#define APID_BASE 0x100u
#define APID_COUNT 32u
#define ARM_S 30u
#define TIME_SECONDS_MAX 0x3F000000u
#define ANSWER_ACCEPTANCE 0x1u
#define ANSWER_START 0x2u
#define ANSWER_COMPLETION 0x8u
#define TICKS_MASK 0x3FFFFFFFu

/* flight/core/definitions.py, FAILURES. */
enum failure {
    BAD_PACKET = 1,
    BAD_LENGTH = 2,
    BAD_CRC = 3,
    WRONG_APID = 4,
    UNKNOWN_SERVICE = 5,
    UNKNOWN_FUNCTION = 6,
    NOT_AUTHORISED = 7,
    OUT_OF_RANGE = 8,
    NOT_ARMED = 10,
    REFUSED = 11,
    STORAGE_ERROR = 13,
};

/* Bytes of arguments; hazardous ones must be armed first. */
static const struct {
    uint8_t code, size;
    bool hazardous;
} functions[] = {
    {MF_DIRECT_ARM, 2, false},  {MF_DIRECT_RESTART, 0, true}, {MF_DIRECT_RESET, 0, true},
    {MF_DIRECT_IMAGE, 1, true}, {MF_DIRECT_TIME, 6, false},   {MF_DIRECT_CEASE, 1, false},
};
#define FUNCTIONS (sizeof(functions) / sizeof(functions[0]))

typedef struct {
    const uint8_t *packet;
    uint32_t size;
    uint32_t row; /* of functions; FUNCTIONS: 17/1 */
    uint64_t now_us;
} call_t;

static uint32_t big_endian(const uint8_t *data, uint32_t size)
{
    uint32_t value = 0;
    for (uint32_t i = 0; i < size; i++) {
        value = value << 8 | data[i];
    }
    return value;
}

static uint16_t check_packet(const uint8_t *packet, uint32_t size, uint8_t owner)
{
    if (size < HEADER_SIZE + CRC_SIZE || (packet[0] & 0xF8u) != 0x18u ||
        (packet[2] & 0xC0u) != 0xC0u || (packet[6] & 0xF0u) != 0x20u) {
        return BAD_PACKET;
    }
    if (big_endian(&packet[4], 2) != size - 7u) {
        return BAD_LENGTH;
    }
    if (mf_crc16(0xFFFFu, packet, size) != 0) {
        return BAD_CRC;
    }
    if (owner != 0) {
        return NOT_AUTHORISED;
    }
    const uint32_t apid = big_endian(packet, 2) & 0x7FFu;
    return apid < APID_BASE || apid >= APID_BASE + APID_COUNT ? WRONG_APID : 0;
}

static uint16_t check_arguments(uint8_t code, const uint8_t *arguments)
{
    switch (code) {
    case MF_DIRECT_IMAGE:
    case MF_DIRECT_CEASE:
        return arguments[0] > 1u ? OUT_OF_RANGE : 0;
    case MF_DIRECT_TIME:
        return big_endian(arguments, 4) > TIME_SECONDS_MAX ? OUT_OF_RANGE : 0;
    default:
        return 0;
    }
}

static uint16_t accept(call_t *call)
{
    const uint8_t *packet = call->packet;
    call->row = FUNCTIONS;
    if (packet[7] == 17u && packet[8] == 1u) {
        return call->size == HEADER_SIZE + CRC_SIZE ? 0 : BAD_LENGTH;
    }
    if (packet[7] != 8u || packet[8] != 1u) {
        return UNKNOWN_SERVICE;
    }
    if (call->size < HEADER_SIZE + 2u + CRC_SIZE) {
        return BAD_LENGTH;
    }
    const uint32_t id = big_endian(&packet[HEADER_SIZE], 2);
    for (uint32_t row = 0; row < FUNCTIONS; row++) {
        if (functions[row].code == id) {
            call->row = row;
            if (call->size != HEADER_SIZE + 2u + functions[row].size + CRC_SIZE) {
                return BAD_LENGTH;
            }
            return check_arguments(functions[row].code, &packet[HEADER_SIZE + 2u]);
        }
    }
    return UNKNOWN_FUNCTION;
}

/* What was armed is used up by the next hazardous call, whatever comes of it. */
static uint16_t start(mf_survival_t *self, const call_t *call)
{
    if (call->row == FUNCTIONS || !functions[call->row].hazardous) {
        return 0;
    }
    const uint32_t armed = survival_get(self, WORD_ARMED);
    const bool late =
        (uint32_t)(call->now_us / 1000000u) > survival_get(self, WORD_ARMED_S);
    survival_set(self, WORD_ARMED, 0);
    return armed != functions[call->row].code || late ? NOT_ARMED : 0;
}

static uint16_t arm(mf_survival_t *self, uint32_t function, uint64_t now_us)
{
    for (uint32_t row = 0; row < FUNCTIONS; row++) {
        if (functions[row].code == function) {
            if (!functions[row].hazardous) {
                return REFUSED;
            }
            survival_set(self, WORD_ARMED_S, (uint32_t)(now_us / 1000000u) + ARM_S);
            survival_set(self, WORD_ARMED, function);
            return 0;
        }
    }
    return UNKNOWN_FUNCTION;
}

static uint16_t run(mf_survival_t *self, const call_t *call)
{
    const uint8_t *arguments = &call->packet[HEADER_SIZE + 2u];
    const uint8_t code = functions[call->row].code;
    int status;
    switch (code) {
    case MF_DIRECT_ARM:
        return arm(self, big_endian(arguments, 2), call->now_us);
    case MF_DIRECT_TIME:
        status = mf_kernel_set_time(self->parts.kernel, call->now_us,
                                    (uint32_t)(call->now_us / 1000u) & TICKS_MASK,
                                    big_endian(arguments, 4), big_endian(&arguments[4], 2), true);
        break;
    default:
        status = mf_survival_direct(self, code, functions[call->row].size != 0 ? arguments[0] : 0,
                                    call->now_us);
        break;
    }
    if (status < 0) {
        return status == MF_E_IO ? STORAGE_ERROR : REFUSED;
    }
    mf_kernel_put_event(self->parts.kernel, MF_EVENT_DIRECT_COMMAND, code, 0);
    return 0;
}

/* The report of one stage: a failure always, success as the telecommand asked. False: failed. */
static bool stage(mf_survival_t *self, const call_t *call, enum survival_report good,
                  uint32_t answer, uint16_t code)
{
    const uint16_t source = (uint16_t)big_endian(&call->packet[9], 2);
    if (code != 0) {
        const enum survival_report bad = (enum survival_report)((uint32_t)good + 1u);
        survival_send(self, survival_report(self, bad, source, call->packet, code, call->now_us));
        self->refused++;
        return false;
    }
    if ((call->packet[6] & answer) != 0) {
        survival_send(self, survival_report(self, good, source, call->packet, 0, call->now_us));
    }
    return true;
}

void survival_command(mf_survival_t *self, const uint8_t *packet, uint32_t size, uint8_t owner,
                      uint64_t now_us)
{
    call_t call = {.packet = packet, .size = size, .now_us = now_us};
    uint16_t code = check_packet(packet, size, owner);
    if (code == BAD_PACKET || code == BAD_LENGTH || code == BAD_CRC) {
        self->refused++;
        return; /* nothing in it can be believed, not even whom to answer */
    }
    code = code != 0 ? code : accept(&call);
    if (!stage(self, &call, REPORT_ACCEPTED, ANSWER_ACCEPTANCE, code) ||
        !stage(self, &call, REPORT_STARTED, ANSWER_START, start(self, &call))) {
        return;
    }
    self->accepted++;
    if (call.row == FUNCTIONS) {
        const uint16_t source = (uint16_t)big_endian(&packet[9], 2);
        survival_send(self, survival_report(self, REPORT_PING, source, NULL, 0, now_us));
    } else {
        code = run(self, &call);
    }
    (void)stage(self, &call, REPORT_COMPLETED, ANSWER_COMPLETION, code);
}
