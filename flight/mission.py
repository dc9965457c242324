"""The mission in one table: what runs, when, and in which mode. Data only, imports nothing.

APPS: name, period_ms, offset_ms, budget_ms, critical, overrun policy, deadline_ms.
- Releases stand at `first whole second after boot + offset + n * period`. Offsets lie 10..60 ms
  after a 100 ms grid point, where the control tick stands, so no release ever races a tick.
- Rows run in the order of their release times; at the same time, in the order of this table.
- `budget_ms`: a longer step is an overrun, counted; then by policy: "skip" drops the releases that
  passed meanwhile, "degrade" also leaves out the next one, "safe" also asks for safe mode.
- A critical app must finish a step at least every `deadline_ms`, or the heartbeat stops.

MODES: id, name, loads (EPS switches: 1 radio, 2 payload, 4 rods), control (0 idle, 1 detumble,
3 pointing), payload; the most careful mode first, which is what wins of two requests.
TRANSITIONS: from, to, debounce in steps of the supervisor; every other request is refused.
"""

APPS = (
    ("power", 1000, 10, 20, True, "skip", 3000),
    ("schedule", 1000, 15, 60, False, "skip", 5000),
    ("attitude", 1000, 20, 20, True, "safe", 3000),
    ("payload", 5000, 30, 20, False, "degrade", 15000),
    ("supervisor", 500, 40, 10, True, "skip", 1500),
    ("housekeeping", 1000, 45, 40, True, "skip", 3000),
    ("comms", 500, 50, 60, True, "skip", 3000),
    ("fdir", 1000, 210, 30, False, "skip", 5000),
    ("contacts", 1000, 260, 20, False, "skip", 5000),
    ("files", 1000, 350, 20, False, "skip", 5000),
    ("storage", 1000, 560, 400, False, "skip", 5000),
    ("health", 1000, 310, 20, False, "skip", 5000),
    ("partners", 1000, 250, 20, False, "skip", 5000),
)

LAUNCH = 0
SAFE = 1
DETUMBLE = 2
NOMINAL = 3
PAYLOAD = 4
PASS = 5
SURVIVAL = 6

MODES = (
    (LAUNCH, "launch", 0b0000, 0, 0),
    (SURVIVAL, "survival", 0b0001, 0, 0),
    (SAFE, "safe", 0b0101, 0, 0),
    (DETUMBLE, "detumble", 0b0101, 1, 0),
    (NOMINAL, "nominal", 0b0111, 1, 1),
    (PAYLOAD, "payload", 0b0111, 3, 1),
    (PASS, "pass", 0b0101, 3, 0),
)

TRANSITIONS = (
    (LAUNCH, SAFE, 0),
    (SURVIVAL, SAFE, 0),
    (SAFE, SURVIVAL, 0),
    (SAFE, DETUMBLE, 0),
    (DETUMBLE, SURVIVAL, 0),
    (DETUMBLE, SAFE, 0),
    (DETUMBLE, NOMINAL, 2),
    (NOMINAL, SURVIVAL, 0),
    (NOMINAL, SAFE, 0),
    (NOMINAL, DETUMBLE, 2),
    (NOMINAL, PAYLOAD, 0),
    (NOMINAL, PASS, 0),
    (PAYLOAD, SURVIVAL, 0),
    (PAYLOAD, SAFE, 0),
    (PAYLOAD, DETUMBLE, 2),
    (PAYLOAD, NOMINAL, 0),
    (PASS, SURVIVAL, 0),
    (PASS, SAFE, 0),
    (PASS, DETUMBLE, 2),
    (PASS, NOMINAL, 0),
)


def row(name):
    """Row of APPS of the app called `name`. ValueError when there is none."""
    for entry in APPS:
        if entry[0] == name:
            return entry
    raise ValueError("no such app in mission.APPS: " + name)


def timing(name):
    """(period_ms, offset_ms, budget_ms) of the app called `name`; boot time only."""
    entry = row(name)
    return entry[1], entry[2], entry[3]
