"""The dictionary: every definition the spacecraft and the ground share. Data only.

Flight packs with it, the ground decodes with it, documents come from it. Imports only the
definitions modules and the mission table.
"""

from flight.apps.attitude import definitions as attitude
from flight.apps.comms import definitions as comms
from flight.apps.contacts import definitions as contacts
from flight.apps.fdir import definitions as fdir
from flight.apps.files import definitions as files
from flight.apps.health import definitions as health
from flight.apps.partners import definitions as partners
from flight.apps.payload import definitions as payload
from flight.apps.power import definitions as power
from flight.apps.schedule import definitions as schedule
from flight.apps.storage import definitions as storage
from flight.core import definitions as core
from flight.mission import APPS, MODES
from flight.partners import AUTHORITIES as AUTHORITIES
from flight.partners import PARTNERS as PARTNERS

# CCSDS spacecraft id, 10 bits (CCSDS 132.0-B-3, 4.1.2.2.3); MF_SCID of native/include/mf_link.h.
SCID = 0x2A5

# Onboard epoch, UTC text of 2020-01-01T00:00:00 TAI; CUC 4+2 with P-field 0x2E (CCSDS 301.0-B-4,
# 3.2: agency-defined epoch, 4 octets of seconds, 2 of fraction).
EPOCH = "2019-12-31T23:59:23Z"
TIME_P_FIELD = 0x2E

# Security associations of the link, rows as in native/src/link/space_link.c.
# name (of its key file too), SPI, 0 telecommand or 1 telemetry, virtual channel, bit per MAP
ASSOCIATIONS = (
    ("tc-host", 1, 0, 0, 0x7FFF),
    ("tc-EC", 2, 0, 1, 0x7FFF),
    ("tc-IR", 3, 0, 2, 0x7FFF),
    ("tc-BY", 4, 0, 3, 0x7FFF),
    ("tc-emergency", 9, 0, 0, 0x8000),
    ("tm-EC", 18, 1, 1, 0),
    ("tm-IR", 19, 1, 2, 0),
    ("tm-BY", 20, 1, 3, 0),
)
# Keys that only wrap new keys, one per owner; in the image they follow those of the associations.
WRAPPING_KEYS = ("wrap-host", "wrap-EC", "wrap-IR", "wrap-BY")

SUBSYSTEMS = (
    core, power, attitude, comms, payload, storage, schedule, fdir, health, partners, files,
    contacts,
)  # fmt: skip

# Rows of the per-app arrays of packet `schedule`.
APP_NAMES = tuple(app[0] for app in APPS)
MODE_NAMES = tuple((mode[0], mode[1]) for mode in MODES)

# The only telemetry fields that may differ between two worlds flying the same scenario: measured
# times, and the memory of the runtime.
WORLD_FIELDS = (
    "app_run_time_us",
    "app_run_high_us",
    "app_jitter_us",
    "cpu_permille",
    "heap_used",
    "heap_allocated",
    "heap_collections",
    "stack_used",
    "jitter_ns",
    "duration_ns",
    "jitter_hist",
    "duration_hist",
)
