"""Words for the numbers in events and telemetry: a text says `{0:sensor}`, people read "gyro"."""

from typing import Dict, Mapping

LOOP_MODES = {0: "idle", 1: "detumble", 2: "sun-safe", 3: "pointing"}
LOOP_REASONS = {
    0: "boot",
    1: "command",
    2: "field lost",
    3: "rods lost",
    4: "wheels lost",
    5: "gyro lost",
    6: "attitude lost",
    7: "rate high",
    8: "target lost",
    9: "heartbeat lost",
}
TARGETS = {0: "inertial", 1: "Sun", 2: "nadir", 3: "velocity", 4: "ground"}
SENSORS = {
    0: "magnetometer 1",
    1: "magnetometer 2",
    2: "gyro",
    3: "fine Sun sensor",
    4: "coarse Sun sensors",
    5: "star tracker",
    6: "GNSS",
}
FAULTS = {
    0: "none",
    1: "silent",
    2: "out of range",
    3: "stuck",
    4: "against the model",
    5: "against the other sensor",
    6: "inhibited",
    7: "noise",
    8: "jump",
}
DEVICES = {
    0: "magnetometer 1",
    1: "magnetometer 2",
    2: "gyro",
    3: "fine Sun sensor",
    4: "coarse Sun converter 1",
    5: "coarse Sun converter 2",
    6: "star tracker",
    7: "GNSS receiver",
    8: "wheel 0",
    9: "wheel 1",
    10: "wheel 2",
    11: "wheel 3",
    12: "rod 0",
    13: "rod 1",
    14: "rod 2",
}
UPLOADS = {1: "of elements", 2: "of a target"}
# Refusals of packet link_counters, in its order.
LINK_REFUSALS = {
    1: "damaged",
    2: "not for this link",
    3: "control command",
    4: "out of sequence",
    5: "not authentic",
}
GATE = {
    0: "closed",
    1: "beacon",
    2: "a telecommand was heard",
    3: "window of a station",
    4: "orbit not known",
    5: "time not known",
    6: "no telecommand for long",
    7: "no stations and no plan",
    8: "gate not in use",
}
# One bit each: all that are set, by name.
MASKS: Mapping[str, Mapping[int, str]] = {"devices": DEVICES}

KINDS: Mapping[str, Mapping[int, str]] = {
    "loop_mode": LOOP_MODES,
    "loop_reason": LOOP_REASONS,
    "sensor": SENSORS,
    "fault": FAULTS,
    "device": DEVICES,
    "upload": UPLOADS,
    "refusal": LINK_REFUSALS,
    "gate": GATE,
}


class Number(int):
    """An argument of an event that knows the names of its kinds; other formats as of an `int`."""

    def __format__(self, kind: str) -> str:
        if kind in KINDS:
            return KINDS[kind].get(int(self), str(int(self)))
        if kind in MASKS:
            names: Dict[int, str] = dict(MASKS[kind])
            found = [names.get(bit, str(bit)) for bit in range(32) if int(self) >> bit & 1]
            return ", ".join(found) or "none"
        return format(int(self), kind)
