"""The same C on a desktop and on the Cortex-M4F: every bit of every result is equal.

The target's side runs in QEMU as a bare-metal image (native/bare), the desktop's through cffi.
"""

import struct

import pytest

from cli.adcs import replay as recording
from native import bare
from native.adcs import ffi, lib
from native.bare.kernels import KERNELS
from tests.native.bits import run

CHAIN = """
#include "bare.h"
#include "mf_eclipse.h"
#include "mf_igrf.h"
#include "mf_sgp4.h"
#include "mf_sun.h"

{data}
static void print_floats(const float *values, int count)
{{
    for (int i = 0; i < count; i++) {{
        union {{ float value; uint32_t word; }} bits = {{values[i]}};
        bare_print_hex(bits.word);
    }}
}}

static void print_doubles(const double *values)
{{
    for (int i = 0; i < 3; i++) {{
        union {{ double value; uint32_t word[2]; }} bits = {{values[i]}};
        bare_print_hex(bits.word[0]);
        bare_print_hex(bits.word[1]);
    }}
}}

int bare_main(void)
{{
    static mf_frames_t frames;
    static mf_igrf_t igrf;
    mf_time_params_t params = {{37, -120}};
    if (mf_tle_parse(line1, line2, &tle) < 0 || mf_sgp4_init(&state, &tle) < 0) {{
        return 1;
    }}
    mf_frames_reset(&frames);
    mf_igrf_reset(&igrf);
    for (uint32_t i = 0; i < {count}u; i++) {{
        mf_time_t time = {{{start}u + i * {step}u, (uint16_t)(i * 7919u)}};
        mf_day_t utc, tt;
        mf_sgp4_params_t gate = {{4000000u, 4000000u}};
        float r_N_m[3], mag_N_T[3], sun_N[3], geodetic[3], distance_m, share;
        if (mf_time_day(&time, &params, MF_TIME_UTC, &utc) < 0 ||
            mf_time_day(&time, &params, MF_TIME_TT, &tt) < 0 ||
            mf_sgp4_update(&state, &gate, &utc, r_TEME_m, v_TEME_m_s) < 0 ||
            mf_frames_update(&frames, &time, &params) < 0 ||
            mf_frames_teme_to_gcrf(&frames, r_TEME_m, r_N_m) < 0 ||
            mf_igrf_update_N(&igrf, utc.day, &frames, r_N_m, mag_N_T) < 0 ||
            mf_sun_update(&tt, sun_N, &distance_m) < 0 ||
            mf_eclipse_update(r_N_m, sun_N, distance_m, &share) < 0 ||
            mf_frames_geodetic(r_N_m, &geodetic[0], &geodetic[1], &geodetic[2]) < 0) {{
            return 2;
        }}
        print_doubles(r_TEME_m);
        print_doubles(v_TEME_m_s);
        print_floats(frames.dcm_EN, 9);
        print_floats(r_N_m, 3);
        print_floats(mag_N_T, 3);
        print_floats(sun_N, 3);
        print_floats(&distance_m, 1);
        print_floats(&share, 1);
        print_floats(geodetic, 3);
    }}
    return 0;
}}
"""


def chain_here(lines, start, step, count):
    """The same chain through cffi, as the same words."""
    out = []
    tle, state = ffi.new("mf_tle_t *"), ffi.new("mf_sgp4_t *")
    assert lib.mf_tle_parse(lines[0], lines[1], tle) == 0 and lib.mf_sgp4_init(state, tle) == 0
    frames, igrf = ffi.new("mf_frames_t *"), ffi.new("mf_igrf_t *")
    lib.mf_frames_reset(frames)
    lib.mf_igrf_reset(igrf)
    params, gate = ffi.new("mf_time_params_t *", (37, -120)), ffi.new("mf_sgp4_params_t *")
    gate.age_max_s = gate.ahead_max_s = 4000000
    utc, tt = ffi.new("mf_day_t *"), ffi.new("mf_day_t *")
    r, v = ffi.new("double[3]"), ffi.new("double[3]")
    r_N, mag, sun = ffi.new("float[3]"), ffi.new("float[3]"), ffi.new("float[3]")
    distance, share, place = ffi.new("float *"), ffi.new("float *"), ffi.new("float[3]")
    for i in range(count):
        time = ffi.new("mf_time_t *", (start + i * step, i * 7919 % 65536))
        assert lib.mf_time_day(time, params, lib.MF_TIME_UTC, utc) == 0
        assert lib.mf_time_day(time, params, lib.MF_TIME_TT, tt) == 0
        assert lib.mf_sgp4_update(state, gate, utc, r, v) == 0
        assert lib.mf_frames_update(frames, time, params) == 0
        assert lib.mf_frames_teme_to_gcrf(frames, r, r_N) == 0
        assert lib.mf_igrf_update_N(igrf, utc.day, frames, r_N, mag) == 0
        assert lib.mf_sun_update(tt, sun, distance) == 0
        assert lib.mf_eclipse_update(r_N, sun, distance[0], share) == 0
        assert lib.mf_frames_geodetic(r_N, place, place + 1, place + 2) == 0
        for part in (r, v, frames.dcm_EN, r_N, mag, sun, distance, share, place):
            out += [word for (word,) in struct.iter_unpack("<I", bytes(ffi.buffer(part)))]
    return out


def test_the_whole_chain_from_time_to_shadow(tmp_path):
    data = next(kernel.data for kernel in KERNELS if kernel.name == "sgp4_init")
    start, step, count = 212000000, 1789, 60
    text = CHAIN.format(data=data, start=start, step=step, count=count)
    there = [int(line, 16) for line in run(text, tmp_path).split()]
    lines = [line.split('"')[1].encode() for line in data.splitlines() if '"' in line]
    assert there == chain_here(lines, start, step, count)
    assert len(there) == count * (6 + 6 + 9 + 3 + 3 + 3 + 1 + 1 + 3)


def replayed(ticks, folder):
    """A recorded flight, and the numbers of the ticks that differ on the target."""
    flight = recording.fly(ticks)
    try:
        return flight, recording.different(flight, folder)
    except bare.BareError as error:
        if "is not installed" in str(error):
            pytest.skip(str(error))
        raise


def test_the_whole_loop_over_a_recorded_flight(tmp_path):
    """20 000 ticks of it: `microflight verify adcs --only bits`."""
    flight, different = replayed(2500, tmp_path)
    assert different == [] and len(flight.crcs) > 2000
    # It meets every mode, and outputs that do change.
    assert flight.modes == {0, 1, 2, 3} and len(set(flight.crcs)) > 0.9 * len(flight.crcs)
    assert flight.report.tle_refused == 1 and flight.report.step_downs > 0
    assert flight.report.selftest != 0 and flight.report.exclusions > 2


def test_one_bit_of_one_input_is_seen(tmp_path):
    """The comparison can fail: the target is given a gyro sample that is one bit off."""
    flight = recording.fly(2000)
    ticks = [k for k in range(1, len(flight.log)) if flight.log[k][0] == recording.replay.TICK]
    place = ticks[1500]
    raw = bytearray(flight.log[place])
    offset = 8 + dict(ffi.typeof("mf_adcs_in_t").fields)["gyro"].offset
    raw[offset] ^= 1
    flight.log[place] = bytes(raw)
    try:
        different = recording.different(flight, tmp_path)
    except bare.BareError as error:
        pytest.skip(str(error))
    assert different and different[0] == 1500
