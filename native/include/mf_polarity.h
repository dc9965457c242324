/* Polarity self-test in flight: does an actuator do what its sign says, on the axis it should?
 *
 * One rod or wheel at a time is driven +, -, -, + with the same size, each for a time to settle and
 * measure_ms, and a sensor's response is weighed with the same signs: a steady drift (a field that
 * turns with the body, a steady torque) drops out, whatever its size. Two kinds:
 *
 *   LEVEL  rod seen by a magnetometer: mean field during measure_ms; `expected` is the coupling
 *          [T per A m^2] in sensor axes, measured on the ground
 *   RAMP   wheel seen by the gyro: change over measure_ms of the body's momentum J omega, which is
 *          the value to be given [N m s]; `expected` is -g, the wheel's axis turned round (per N m)
 *
 * The ratio of response to expectation decides: near +1 right, near -1 reversed, near 0 dead; a
 * large part across the expectation is a wrong axis. Run with the body nearly at rest and other
 * actuators off. The command is zero before, after, and whenever the test ends early. */
#ifndef MF_POLARITY_H
#define MF_POLARITY_H

#include <stdbool.h>
#include <stdint.h>

#include "mf_status.h"

#define MF_POLARITY_RUNNING 0
#define MF_POLARITY_RIGHT 1
#define MF_POLARITY_REVERSED 2
#define MF_POLARITY_DEAD 3
#define MF_POLARITY_WRONG_AXIS 4
#define MF_POLARITY_WRONG_SIZE 5   /* response of less than half or more than twice the expected */
#define MF_POLARITY_INCONCLUSIVE 6 /* too noisy, too few samples, too much motion, or a gap */

#define MF_POLARITY_SETTLE_MS 200   /* after each change of command */
#define MF_POLARITY_GAP_MAX_MS 1500 /* longest time between samples */

typedef struct {
    float expected[3];   /* response per unit of command, not zero */
    float command;       /* size of the drive, > 0 */
    float noise;         /* 1 sigma of one sensor sample per axis, >= 0 */
    float value_max;     /* a reading beyond ends the test (body turns too fast), > 0 */
    uint32_t measure_ms; /* 1..1e6 */
    bool ramp;           /* RAMP instead of LEVEL */
} mf_polarity_params_t;

typedef struct {
    float sum[3];        /* LEVEL: of the samples of this phase; RAMP: first sample */
    float last[3];
    float response[3];   /* weighed sum so far; at the end per unit of command */
    float ratio;         /* along the expectation, once finished */
    float cross;         /* across it, relative to the expectation */
    uint32_t start_ms;   /* of this phase */
    uint32_t time_ms;
    uint32_t first_ms;   /* of the first and the last sample of this phase */
    uint32_t last_ms;
    float ramp_s;        /* RAMP: time between first and last samples, all phases */
    uint16_t samples;    /* of this phase */
    uint16_t least;      /* fewest samples of a phase */
    uint8_t phase;       /* 0..3, 4 finished */
    uint8_t verdict;     /* MF_POLARITY_... */
    bool started;
} mf_polarity_t;

void mf_polarity_reset(mf_polarity_t *state);

/* One sensor sample and the command to be applied until the next. MF_OK while running; 1 when
 * finished (see verdict; further calls do nothing); MF_E_INVAL for parameters out of range: command
 * zero, state unchanged. A sample that is not finite is left out. */
int mf_polarity_update(mf_polarity_t *state, const mf_polarity_params_t *params,
                       const float value[3], uint32_t time_ms, float *command);

#endif
