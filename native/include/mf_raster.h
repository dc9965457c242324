/* Raster: the line of sight steps over a grid of points around what guidance follows.
 *
 * The grid has `columns` points along a row and `rows` rows, `step_rad` apart, its middle on the
 * target; it is walked row by row, there and back (boustrophedon), each point held for dwell_ms.
 * Columns displace the line of sight first_B towards first_B x (first_B x second_B), rows towards
 * first_B x second_B, both turning with the frame R. Between points the controller slews. Small
 * angles: the grid may span 0.5 rad either way. */
#ifndef MF_RASTER_H
#define MF_RASTER_H

#include <stdint.h>

#include "mf_guidance.h"

typedef struct {
    uint16_t columns;  /* 1..1000 */
    uint16_t rows;     /* 1..1000 */
    float step_rad;    /* 1e-6..0.5 */
    uint32_t dwell_ms; /* >= 1 */
} mf_raster_params_t;

/* Displace `guided` for the point of `elapsed_ms` since the start. MF_OK; 1 after the last point,
 * which is then held; MF_E_INVAL for parameters out of range: guidance unchanged. */
int mf_raster_apply(const mf_raster_params_t *params, const float first_B[3],
                    const float second_B[3], uint32_t elapsed_ms, mf_guidance_output_t *guided);

#endif
