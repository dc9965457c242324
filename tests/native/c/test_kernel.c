/* The control kernel on a bus that can hang, with handlers that overlap: what virtual time on the
 * host cannot show. */
#include <stddef.h>
#include <string.h>

#include "check.h"
#include "mf_kernel_state.h"
#include "mf_math.h"

#define RUNS_FOR_US 100u
#define TURNING_RAD_S 0.05f

static mf_kernel_t kernel;
static mf_bus_t bus;
static uint16_t hang_address; /* transfers to it never end */
static int aborts;
static uint32_t kicks, last_kick;
static uint8_t control[3]; /* CONTROL register of each rod */

static int rod_number(uint16_t address)
{
    const uint16_t rods[3] = {MF_I2C_DRV8830_X, MF_I2C_DRV8830_Y, MF_I2C_DRV8830_Z};
    for (int i = 0; i < 3; i++) {
        if (rods[i] == address) {
            return i;
        }
    }
    return -1;
}

/* A little-endian word with some noise: no part repeats itself for long. */
static void put(uint8_t *at, float value, uint32_t stream)
{
    uint32_t hash = ((uint32_t)(port_now_us / 1000u) + 7919u * stream) * 2654435761u;
    int word = (int)(value + (value < 0.0f ? -0.5f : 0.5f)) + (int)(hash >> 30);
    at[0] = (uint8_t)((unsigned)word & 0xFFu);
    at[1] = (uint8_t)((unsigned)word >> 8 & 0xFFu);
}

static void start(mf_bus_t *self, mf_xfer_t *xfer)
{
    if (xfer->address == hang_address) {
        return;
    }
    int rod = rod_number(xfer->address);
    if (rod < 0 && xfer->address != MF_I2C_AK09916 && xfer->address != MF_I2C_LSM6DSO) {
        mf_bus_done(self, MF_E_NODEV);
        return;
    }
    for (uint32_t i = 0; i < xfer->rx_len; i++) {
        xfer->rx[i] = 0;
    }
    if (rod >= 0 && xfer->tx[0] == 0 && xfer->tx_len == 2) {
        control[rod] = xfer->tx[1];
    } else if (xfer->address == MF_I2C_AK09916 && xfer->tx[0] == 0x00) {
        xfer->rx[0] = 0x48;
        xfer->rx[1] = 0x09;
    } else if (xfer->address == MF_I2C_AK09916 && xfer->tx[0] == 0x10) {
        /* 30 uT in the xy plane and 9 uT along z, seen from a body that turns about z. */
        float angle = TURNING_RAD_S * (float)(port_now_us % 1000000000u) * 1.0e-6f;
        xfer->rx[0] = 0x01;
        put(&xfer->rx[1], 200.0f * mf_cosf(angle), 0);
        put(&xfer->rx[3], -200.0f * mf_sinf(angle), 1);
        put(&xfer->rx[5], 60.0f, 2);
    } else if (xfer->address == MF_I2C_LSM6DSO && xfer->rx_len != 0) {
        xfer->rx[0] = xfer->tx[0] == 0x0F ? 0x6C : 0x02;
        if (xfer->rx_len > 1) {
            put(&xfer->rx[4], 0.0f, 3);
            put(&xfer->rx[6], 0.0f, 4);
            put(&xfer->rx[8], TURNING_RAD_S / 1.527163e-4f, 5);
        }
    }
    mf_bus_done(self, 0);
}

static void stop(mf_bus_t *self)
{
    (void)self;
    aborts++;
}

static const mf_bus_ops_t ops = {.start = start, .abort = stop};

static void kick(void *ctx, uint32_t tick)
{
    (void)ctx;
    kicks++;
    last_kick = tick;
}

static void begin(void)
{
    mf_kernel_config_t config;
    mf_kernel_config_reference(&config);
    port_now_us = 0;
    hang_address = 0;
    aborts = 0;
    kicks = 0;
    memset(control, 0xFF, sizeof(control));
    mf_bus_reset(&bus, MF_BUS_ADCS, &ops, NULL);
    mf_kernel_reset(&kernel, &config, &bus, NULL, kick, NULL, 0);
}

static void run(uint32_t until_ms)
{
    while (mf_kernel_next_ms(&kernel) <= until_ms) {
        port_now_us = mf_kernel_next_ms(&kernel) * 1000u;
        if (mf_kernel_timer(&kernel, port_now_us)) {
            mf_kernel_tick(&kernel, port_now_us, 1500);
            mf_kernel_tick_done(&kernel, RUNS_FOR_US * 1000u);
            mf_kernel_beat(&kernel, port_now_us);
        }
    }
}

static uint32_t events_with(uint16_t id)
{
    mf_kernel_event_t event;
    uint32_t found = 0;
    while (mf_kernel_event(&kernel, &event)) {
        found += event.id == id;
    }
    return found;
}

static mf_report_t report(void)
{
    mf_report_t out;
    mf_kernel_report(&kernel, &out);
    return out;
}

static void hanging_magnetometer_costs_no_gyro(void)
{
    begin();
    run(2000);
    CHECK(report().late_samples == 0 && (report().flags & MF_FLAG_MAG_VALID) != 0);
    hang_address = MF_I2C_AK09916;
    run(20000);
    mf_report_t r = report();
    CHECK(aborts >= 5 && r.late_samples > 0);
    CHECK((r.flags & MF_FLAG_MAG_FAILED) != 0 && (r.flags & MF_FLAG_IMU_FAILED) == 0);
    CHECK(r.imu_errors == 0); /* it only waited behind the other */
    CHECK(events_with(MF_EVENT_MAG_FAILED) == 1);
    CHECK(last_kick == 200 && kicks == 196);
    hang_address = 0;
    run(120000);
    CHECK((report().flags & MF_FLAG_MAG_VALID) != 0);
    CHECK(events_with(MF_EVENT_MAG_RECOVERED) == 1);
}

static void hanging_rod_is_given_up_and_the_rest_goes_on(void)
{
    begin();
    CHECK(mf_kernel_command(&kernel, MF_CMD_SET_MODE, MF_MODE_DETUMBLE, 0.0f) == 1);
    run(10200);
    CHECK(control[0] != 0 || control[1] != 0);
    CHECK((report().flags & MF_FLAG_COILS_ON) != 0);
    hang_address = MF_I2C_DRV8830_X;
    run(32000);
    mf_report_t r = report();
    CHECK(r.mode == MF_MODE_DETUMBLE && (r.flags & MF_FLAG_GYRO_VALID) != 0);
    CHECK(mf_kernel_rods_working(&kernel) == 6 && (r.flags & MF_FLAG_RODS_FAILED) == 0);
    CHECK(events_with(MF_EVENT_RODS_FAILED) == 1);
    hang_address = 0;
    CHECK(mf_kernel_command(&kernel, MF_CMD_SET_MODE, MF_MODE_IDLE, 0.0f) > 0);
    run(36000);
    CHECK(control[0] == 0 && control[1] == 0 && control[2] == 0);
    CHECK(mf_kernel_rods_working(&kernel) == 7);
}

static void overlapping_handlers_are_counted(void)
{
    begin();
    run(1000);
    /* A tick starts and is still running at the next sampling time and the next grid point. */
    port_now_us = 1075000;
    CHECK(!mf_kernel_timer(&kernel, port_now_us));
    port_now_us = 1100000;
    CHECK(mf_kernel_timer(&kernel, port_now_us));
    mf_kernel_tick(&kernel, port_now_us, 0);
    port_now_us = 1175000;
    CHECK(!mf_kernel_timer(&kernel, port_now_us));
    port_now_us = 1200000;
    CHECK(mf_kernel_timer(&kernel, port_now_us));
    mf_kernel_tick_done(&kernel, 90000000);
    mf_kernel_tick(&kernel, port_now_us, 200000);
    mf_kernel_tick_done(&kernel, 1000);
    mf_tick_stats_t stats;
    mf_kernel_stats(&kernel, &stats);
    CHECK(stats.overruns == 1 && stats.skipped == 0 && stats.ticks == 8);
    CHECK(stats.duration_max_ns == 90000000 && stats.duration_min_ns == 1000);
    CHECK(stats.duration_hist[MF_HIST_BINS - 1u] == 1 && stats.duration_hist[0] == 1);
    CHECK(stats.jitter_max_ns == 200000 && stats.jitter_min_ns == 0);
    CHECK(stats.jitter_hist[1] == 6 && stats.jitter_hist[MF_HIST_BINS - 1u] == 1);
    CHECK(report().late_samples == 1 && (report().flags & MF_FLAG_GYRO_VALID) == 0);
    /* A handler that was pended but never ran. */
    port_now_us = 1300000;
    CHECK(mf_kernel_timer(&kernel, port_now_us));
    port_now_us = 1400000;
    CHECK(mf_kernel_timer(&kernel, port_now_us));
    mf_kernel_tick(&kernel, port_now_us, 0);
    mf_kernel_tick_done(&kernel, 1000);
    mf_kernel_stats(&kernel, &stats);
    CHECK(stats.skipped == 1 && events_with(MF_EVENT_TICKS_SKIPPED) == 1);
    /* A handler without a reason does nothing. */
    uint32_t before = kicks;
    mf_kernel_tick(&kernel, port_now_us, 0);
    mf_kernel_tick_done(&kernel, 1);
    mf_kernel_stats(&kernel, &stats);
    CHECK(kicks == before && stats.ticks == 9);
}

static void damaged_state_starves_the_watchdog(void)
{
    begin();
    run(1000);
    uint32_t before = kicks;
    kernel.guard_high = 0;
    run(1500);
    CHECK(kicks == before);
    kernel.guard_high = MF_KERNEL_GUARD;
    kernel.kick = NULL; /* a board without a watchdog */
    run(2000);
    CHECK(kicks == before && report().tick == 20);
}

static void runs_beyond_the_wrap_of_milliseconds(void)
{
    begin();
    mf_kernel_config_t config;
    mf_kernel_config_reference(&config);
    uint64_t start_us = 4294966000ull * 1000u; /* 1.3 s before 2^32 ms */
    mf_kernel_reset(&kernel, &config, &bus, NULL, kick, NULL, start_us);
    kernel.command_sequence = 0;
    CHECK(mf_kernel_command(&kernel, MF_CMD_SET_MODE, MF_MODE_DETUMBLE, 0.0f) == 1);
    for (int i = 0; i < 2000; i++) {
        port_now_us = mf_kernel_next_ms(&kernel) * 1000u;
        if (mf_kernel_timer(&kernel, port_now_us)) {
            mf_kernel_tick(&kernel, port_now_us, 0);
            mf_kernel_tick_done(&kernel, 0);
            mf_kernel_beat(&kernel, port_now_us);
        }
    }
    CHECK(kernel.stats.skipped == 0 && report().mode == MF_MODE_DETUMBLE);
    CHECK((report().flags & MF_FLAG_MAG_VALID) != 0 && !kernel.heartbeat_lost);
    CHECK(last_kick == kernel.tick && kicks == 1000);
}

static void every_parameter_has_a_place(void)
{
    mf_kernel_param_row_t row;
    uint32_t found = 0;
    begin();
    for (uint32_t index = 0; index <= MF_PARAM_LAST; index++) {
        mf_adcs_params_t before = kernel.config.adcs;
        uint32_t limit_ms = kernel.heartbeat_limit_ms;
        if (mf_kernel_param_row((uint8_t)index, &row) != MF_OK) {
            continue;
        }
        found++;
        float value = row.value == row.highest ? row.lowest : row.highest;
        mf_kernel_param_set(&kernel, (uint8_t)index, value);
        bool loop = memcmp(&before, &kernel.config.adcs, sizeof(before)) != 0;
        CHECK(loop != (kernel.heartbeat_limit_ms != limit_ms));
        mf_kernel_param_set(&kernel, (uint8_t)index, row.value);
        CHECK(memcmp(&before, &kernel.config.adcs, sizeof(before)) == 0);
        CHECK(kernel.heartbeat_limit_ms == limit_ms);
    }
    CHECK(found == MF_PARAM_LAST - 1u); /* 0 and 6 are none */
    CHECK(mf_kernel_param_row(MF_PARAM_LAST + 1u, &row) == MF_E_INVAL);
}

void test_kernel(void)
{
    every_parameter_has_a_place();
    hanging_magnetometer_costs_no_gyro();
    hanging_rod_is_given_up_and_the_rest_goes_on();
    overlapping_handlers_are_counted();
    damaged_state_starves_the_watchdog();
    runs_beyond_the_wrap_of_milliseconds();
}
