"""What the checks of a flight mean, for the people who read its report."""

from typing import Tuple

# How the name of a check begins, what it means.
CHECKS: Tuple[Tuple[str, str], ...] = (
    (
        "rate below",
        "When the spacecraft first turned slower than that, by the simulator's truth. The limit is"
        " the latest time allowed.",
    ),
    (
        "highest rate",
        "The fastest turn at the end of the flight, by the simulator's truth: it must have come to"
        " rest and stayed so.",
    ),
    ("bad frames", "Telemetry frames with a wrong length, checksum, header or spacecraft."),
    ("gaps", "Breaks of the frame count: each stands for one or more frames lost."),
    (
        "missed ticks",
        "Control ticks of 100 ms that the simulated watchdog did not hear: counted outside the"
        " firmware.",
    ),
    ("watchdog resets", "How often the external watchdog had to reset the onboard computer."),
    ("mode ", "When telemetry first reported this spacecraft mode. The limit is the latest time."),
    ("event ", "When this event first came down. The limit is the latest time."),
    (
        "events '",
        "How often this event came down within the window. The limit is the most allowed.",
    ),
    (
        "drive of the",
        "The strongest drive of these actuators by the simulator's truth, in a time in which they"
        " must rest.",
    ),
    ("deaths of Python", "Whether the scenario lets Python die at all."),
    (
        "vm_",
        "What survival mode did when Python died so: how soon the first beacon came, that the loop"
        " detumbled, how soon Python was back.",
    ),
    (
        "pointing to",
        "Root mean square of the angle between the pointed axis and its target, by the simulator's"
        " truth.",
    ),
    (
        "attitude knowledge",
        "Root mean square of the angle between the attitude the spacecraft reports and the true"
        " one.",
    ),
    (
        "highest wheel momentum",
        "The fastest any wheel turned, as a share of its range, by the simulator's truth.",
    ),
    ("detumbled declared", "When the spacecraft first said that it had come to rest."),
    ("rate when declared", "How fast it truly turned when it said so."),
    (
        "account of",
        "What this partner used, as the spacecraft told last: he gets his share, and no more.",
    ),
    ("file", "Octets of a file that came through whole and the same, of how many it has."),
    (
        "carrier outside",
        "How long the transmitter was on while no station could hear it, but for beacons.",
    ),
    ("frames received by", "Telemetry frames that this station received."),
    (
        "edge of a window",
        "How far the spacecraft's own times of rise and set are from the true ones.",
    ),
    (
        "dictionary confirmed",
        "The spacecraft said that it flies the dictionary which the ground decodes with.",
    ),
)


def check(name: str) -> str:
    """What the check called `name` means; empty for one that is not known here."""
    for beginning, text in CHECKS:
        if name.startswith(beginning):
            return text
    return ""
