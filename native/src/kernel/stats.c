/* Timing of the control tick against the ideal grid. */
#include <string.h>

#include "mf_kernel_state.h"

#define JITTER_BIN_NS 1000u
#define DURATION_BIN_NS 20000u

void mf_kernel_stats_reset(mf_kernel_t *kernel)
{
    kernel->stats_sequence++;
    memset(&kernel->stats, 0, sizeof(kernel->stats));
    kernel->jitter_sum_ns = 0;
    kernel->duration_sum_ns = 0;
    kernel->stats_sequence++;
}

static void count(uint32_t hist[MF_HIST_BINS], uint32_t value_ns, uint32_t bin_ns)
{
    uint32_t bin = value_ns / bin_ns;
    hist[bin < MF_HIST_BINS ? bin : MF_HIST_BINS - 1u]++;
}

static void extend(uint32_t *lowest, uint32_t *highest, uint32_t value, bool first)
{
    if (first || value < *lowest) {
        *lowest = value;
    }
    if (value > *highest) {
        *highest = value;
    }
}

void mf_kernel_tick_done(mf_kernel_t *kernel, uint32_t duration_ns)
{
    if (!kernel->running) {
        return;
    }
    mf_tick_stats_t *stats = &kernel->stats;
    uint32_t jitter_ns = kernel->lateness_ns;
    bool first = stats->ticks == 0;
    kernel->stats_sequence++;
    stats->ticks++;
    extend(&stats->jitter_min_ns, &stats->jitter_max_ns, jitter_ns, first);
    extend(&stats->duration_min_ns, &stats->duration_max_ns, duration_ns, first);
    kernel->jitter_sum_ns += jitter_ns;
    kernel->duration_sum_ns += duration_ns;
    count(stats->jitter_hist, jitter_ns, JITTER_BIN_NS);
    count(stats->duration_hist, duration_ns, DURATION_BIN_NS);
    kernel->stats_sequence++;
    kernel->running = false;
}

void mf_kernel_stats(const mf_kernel_t *kernel, mf_tick_stats_t *out)
{
    for (int attempt = 0; attempt < 3; attempt++) {
        uint32_t before = kernel->stats_sequence;
        uint64_t jitter_ns = kernel->jitter_sum_ns;
        uint64_t duration_ns = kernel->duration_sum_ns;
        *out = kernel->stats;
        if (out->ticks != 0) {
            out->jitter_mean_ns = (uint32_t)(jitter_ns / out->ticks);
            out->duration_mean_ns = (uint32_t)(duration_ns / out->ticks);
        }
        if ((before & 1u) == 0 && before == kernel->stats_sequence) {
            return;
        }
    }
}
