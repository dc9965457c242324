/* Fault detection of one sensor unit with three axes; exclusion and re-admission with hysteresis.
 *
 * Source: limit, stuck, jump and residual tests as in Isermann 2006, "Fault-Diagnosis Systems",
 * chapters 7 and 8; residual against a filter's prediction as normalised error squared (Bar-Shalom,
 * Li & Kirubarajan 2001, section 5.4). One state per unit, of any quantity (T, rad/s, direction):
 * `size` below is the length of the vector, all in the unit of the sensor.
 *
 *   MISSING     no sample (bus error, not ready), or not finite
 *   RANGE       size outside size_min..size_max
 *   STUCK       all axes the same to the last bit for stuck_count samples, or one axis for
 *               axis_stuck_count (a noisy part does not repeat itself)
 *   RATE        change per second above rate_max
 *   MODEL       size off the model's (|B| of IGRF) by more than model_tolerance
 *   PREDICTION  mean of |value - prediction|^2 / (3 sigma^2) above chi2_limit: bias, flipped axis
 *   NOISE       mean square of the second difference above noise_limit times that of white noise;
 *               `motion` is what real motion gives it
 *   OUTSIDE     the caller's word: voting (mf_vote.h), angle between Sun and field
 *
 * Means fade with 1/32 per sample, start at their expectation, and take no sample for more than
 * eight limits. Time with faults counts up to
 * exclude_ms, time without counts down four times slower, so single spikes do nothing; at
 * exclude_ms the unit is excluded. It is admitted again after readmit_ms without a single
 * fault, tests going on meanwhile. Times from a wrapping millisecond counter; a gap counts
 * as gap_max_ms at most. */
#ifndef MF_FDI_H
#define MF_FDI_H

#include <stdbool.h>
#include <stdint.h>

#include "mf_status.h"

#define MF_FDI_MISSING 1
#define MF_FDI_RANGE 2
#define MF_FDI_STUCK 4
#define MF_FDI_RATE 8
#define MF_FDI_MODEL 16
#define MF_FDI_PREDICTION 32
#define MF_FDI_NOISE 64
#define MF_FDI_OUTSIDE 128

#define MF_FDI_EXCLUDED 1 /* returned once, when it happens */
#define MF_FDI_READMITTED 2

typedef struct {
    float size_min;            /* >= 0 */
    float size_max;            /* > size_min */
    float rate_max;            /* per second, > 0 */
    float model_tolerance;     /* > 0 */
    float chi2_limit;          /* 1.5..100 */
    float noise_sigma;         /* of one axis, > 0 */
    float noise_limit;         /* 2..1000 */
    uint16_t stuck_count;      /* >= 2 */
    uint16_t axis_stuck_count; /* >= stuck_count */
    uint32_t exclude_ms;       /* >= 1 */
    uint32_t readmit_ms;       /* >= 1 */
    uint32_t gap_max_ms;       /* >= 1 */
} mf_fdi_params_t;

typedef struct {
    float value[3];
    bool present;              /* a sample has come; else the other fields do not matter */
    bool outside;              /* found wrong by others */
    float model_size;          /* expected size; 0 = unknown */
    float prediction[3];
    float prediction_sigma;    /* of one axis, sensor included; 0 = no prediction */
    float motion;              /* size of the second difference by real motion, 1 sigma; >= 0 */
} mf_fdi_input_t;

typedef struct {
    float last[3];
    float difference[3];       /* of the last two samples */
    float noise;               /* faded means, expected 1 */
    float chi2;
    uint16_t same[3];          /* repetitions per axis */
    uint8_t history;           /* samples in last and difference: 0..2 */
    uint8_t faults;            /* MF_FDI_... of the last call */
    uint8_t reason;            /* all faults while the count was up, kept at exclusion */
    bool excluded;
    uint32_t fault_ms;         /* the count, 0..exclude_ms */
    uint32_t healthy_ms;       /* without any fault */
    uint32_t time_ms;
    uint32_t exclusions;
    bool started;
} mf_fdi_t;

void mf_fdi_reset(mf_fdi_t *unit);

/* One cycle. MF_OK; MF_FDI_EXCLUDED or MF_FDI_READMITTED in the call in which it happens;
 * MF_E_INVAL for parameters out of range or a time that stands still or steps back by up to half
 * the counter (state unchanged). */
int mf_fdi_update(mf_fdi_t *unit, const mf_fdi_params_t *params, const mf_fdi_input_t *input,
                  uint32_t time_ms);

#endif
