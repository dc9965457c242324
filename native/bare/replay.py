"""The attitude loop on the Cortex-M4F, fed with a recorded log; what it put out, tick by tick.

A log is the parameters, then records of a kind, a size and so many bytes, all as they lie in
memory: both worlds lay their structures out alike, and the image tells their sizes first. For every
tick it prints a CRC-32 (as zlib's) over the status, every output and the report, and over the
statuses of the commands before it.
"""

from __future__ import annotations

from pathlib import Path
from struct import pack

from native import bare

# Kinds of records, and what each carries.
TICK = 0  # mf_adcs_in_t
MODE = 1  # u8
TARGET = 2  # mf_adcs_target_t
TLE = 3  # two lines of 69 characters
INHIBIT = 4  # sensor u8, inhibited u8
CALIBRATE = 5  # u8
SELFTEST = 6  # u8
INPUT = "input.bin"
TIMEOUT_S = 600
# What the CRC runs over, in this order: fields of mf_adcs_out_t, without what pads them.
OUTPUTS = (
    *("dipole_B_A_m2", "rod_A_m2", "wheel_torque_N_m", "wheels_on", "mode", "reason", "flags"),
    "report",
)
_SUM = "".join(
    f"            crc = crc32(crc, &out.{name}, sizeof out.{name});\n" for name in OUTPUTS
)

_TEXT = f"""
#include "bare.h"
#include "mf_adcs_state.h"

static mf_adcs_t adcs;
static mf_adcs_params_t params;
static mf_adcs_out_t out;
static union {{
    mf_adcs_in_t in;
    mf_adcs_target_t target;
    char lines[138];
    uint8_t byte[2];
}} record;

static uint32_t crc32(uint32_t crc, const void *data, uint32_t size)
{{
    static uint32_t table[256];
    const uint8_t *octet = data;
    for (uint32_t i = 0; table[255] == 0u && i < 256u; i++) {{
        uint32_t entry = i;
        for (int k = 0; k < 8; k++) {{
            entry = entry >> 1 ^ (0xEDB88320u & (0u - (entry & 1u)));
        }}
        table[i] = entry;
    }}
    crc = ~crc;
    while (size-- > 0u) {{
        crc = crc >> 8 ^ table[(crc ^ *octet++) & 255u];
    }}
    return ~crc;
}}

static int command(uint32_t kind)
{{
    switch (kind) {{
    case {MODE}:
        return mf_adcs_command_mode(&adcs, record.byte[0]);
    case {TARGET}:
        return mf_adcs_command_target(&adcs, &record.target);
    case {TLE}:
        return mf_adcs_command_tle(&adcs, record.lines, &record.lines[69]);
    case {INHIBIT}:
        return mf_adcs_command_inhibit(&adcs, record.byte[0], record.byte[1] != 0);
    case {CALIBRATE}:
        return mf_adcs_command_calibrate(&adcs, &params, record.byte[0]);
    default:
        return mf_adcs_command_selftest(&adcs, &params, record.byte[0]);
    }}
}}

int bare_main(void)
{{
    uint32_t head[2], crc = 0;
    bare_print_decimal(sizeof params);
    bare_print_decimal(sizeof record.in);
    bare_print_decimal(sizeof record.target);
    bare_print_decimal(sizeof out.report);
    if (bare_read(&params, sizeof params) != sizeof params) {{
        return 1;
    }}
    mf_adcs_reset(&adcs, &params);
    while (bare_read(head, sizeof head) == sizeof head) {{
        if (head[1] > sizeof record || bare_read(&record, head[1]) != head[1]) {{
            return 2;
        }}
        int status = head[0] == {TICK} ? mf_adcs_step(&adcs, &params, &record.in, &out)
                                       : command(head[0]);
        crc = crc32(crc, &status, sizeof status);
        if (head[0] == {TICK}) {{
{_SUM}
            bare_print_hex(crc);
            crc = 0;
        }}
    }}
    return 0;
}}
"""


def record(kind: int, data: bytes) -> bytes:
    """One record of a log."""
    return pack("<II", kind, len(data)) + data


def replay(log: bytes, folder: Path) -> "tuple[tuple[int, ...], list[int]]":
    """Sizes of parameters, input, target and report on the target, and a CRC per tick.

    bare.BareError when a tool is missing or the image fails.
    """
    (folder / INPUT).write_bytes(log)
    words = bare.run(_TEXT, folder, TIMEOUT_S).split()
    return tuple(map(int, words[:4])), [int(word, 16) for word in words[4:]]
