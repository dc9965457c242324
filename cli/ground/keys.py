"""`microflight ground keys`: make, take over, change keys. None is ever shown."""

import argparse
from pathlib import Path
from typing import Any, Dict, List

from cli.ground import options
from flight import dictionary as flight_dictionary
from ground import keys
from ground.dictionary import Dictionary
from ground.errors import GroundError
from ground.keyring import Keyring
from ground.security import EMERGENCY_FLOOR

TIMEOUT_S = 120.0
EPILOG = """\
examples:
  microflight ground keys generate FOLDER               all keys of a spacecraft
  microflight ground keys generate FOLDER --owner EC    those that EC keeps
  microflight ground keys load USB --owner EC --keys FOLDER
  microflight ground keys list --owner EC
  microflight ground keys rotate tc-EC --owner EC       a new key, over the link
  microflight ground keys resume --owner EC             continue where the spacecraft says
"""


def add(actions: Any) -> None:
    """Add the action."""
    parser = actions.add_parser(
        "keys",
        help="generate, load, list, rotate keys",
        description="Keys of the link: files of mode 0600 in folders of mode 0700.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    tasks = parser.add_subparsers(dest="task", metavar="TASK", required=True)
    made = tasks.add_parser("generate", help="make new random keys in a folder")
    made.add_argument("folder", type=Path, metavar="FOLDER")
    made.add_argument("--owner", metavar="NAME", help="those that this partner keeps")
    made.set_defaults(run=generate)
    loaded = tasks.add_parser("load", help="copy keys from a folder into that of the owner")
    loaded.add_argument("source", type=Path, metavar="FOLDER")
    loaded.add_argument("--owner", required=True, metavar="NAME")
    loaded.add_argument("--keys", type=Path, required=True, metavar="FOLDER", help="where to")
    loaded.set_defaults(run=load)
    listed = tasks.add_parser("list", help="which keys are there, and how far they have counted")
    listed.add_argument("--owner", default="host", metavar="NAME")
    options.add_keys(listed)
    listed.set_defaults(run=list_)
    rotated = tasks.add_parser("rotate", help="change a key on board and here")
    rotated.add_argument("name", metavar="KEY", help="as tc-EC or tm-EC")
    options.add(rotated, TIMEOUT_S)
    rotated.set_defaults(run=rotate)
    floor = tasks.add_parser(
        "floor", help="the emergency key's counter, for a spacecraft that lost memory and power"
    )
    options.add_keys(floor)
    floor.set_defaults(run=raise_to_floor)
    resumed = tasks.add_parser("resume", help="take the counters from telemetry")
    options.add(resumed, TIMEOUT_S)
    resumed.add_argument(
        "--back", action="store_true", help="also to a key used before, if the spacecraft has that"
    )
    resumed.set_defaults(run=resume)
    fresh = tasks.add_parser(
        "fresh", help="telemetry counts from 0: a spacecraft whose memory is new, or simulated anew"
    )
    fresh.add_argument("--owner", default="host", metavar="NAME")
    options.add_keys(fresh)
    fresh.set_defaults(run=forget_telemetry)


def _owner(name: str) -> str:
    return Dictionary().partner(name).name


def generate(arguments: argparse.Namespace) -> int:
    """Make keys."""
    which = keys.names(None if arguments.owner is None else _owner(arguments.owner))
    made = keys.generate(arguments.folder, which)
    print(f"{len(made)} keys made in {arguments.folder}")
    return 0


def load(arguments: argparse.Namespace) -> int:
    """Copy an owner's keys, nothing of anybody else's."""
    own = keys.names(_owner(arguments.owner))
    found = {name: key for name, key in keys.load(arguments.source).items() if name in own}
    if not found:
        raise GroundError(f"{arguments.source}: no key of {arguments.owner}")
    present = [name for name in found if (arguments.keys / f"{name}.key").exists()]
    if present:
        raise GroundError(f"{arguments.keys}: {present[0]} is there already")
    keys.make_folder(arguments.keys)
    for name, key in found.items():
        keys.write_key(arguments.keys / f"{name}.key", key)
    print(f"{len(found)} keys of {arguments.owner} loaded into {arguments.keys}")
    return 0


def list_(arguments: argparse.Namespace) -> int:
    """What is there; never a key."""
    owner = _owner(arguments.owner)
    with Keyring(options.folder(arguments), owner) as ring:
        for name in keys.names(owner):
            state = "missing"
            if name in ring.keys:
                state = f"generation {ring.generation(name)}"
                if name.startswith("tc-"):
                    state += f", next counter {ring.counters.value(name)}"
                if ring.prepared(name) is not None:
                    state += f", a change to {ring.prepared(name)} not concluded"
            print(f"{name:<14} {state}")
    return 0


def raise_to_floor(arguments: argparse.Namespace) -> int:
    """Where the emergency association begins on a spacecraft without counters."""
    with Keyring(options.folder(arguments), "host", sending=True) as ring:
        value = max(ring.counters.value("tc-emergency"), EMERGENCY_FLOOR)
        ring.counters.set("tc-emergency", value)
    print(f"tc-emergency: next counter {value}")
    return 0


def forget_telemetry(arguments: argparse.Namespace) -> int:
    """Begin with the counter of telemetry anew: what was recorded before is then taken as well."""
    owner = _owner(arguments.owner)
    with Keyring(options.folder(arguments), owner, sending=True) as ring:
        ring.forget_telemetry()
    print(f"tm-{owner}: any counter is taken, the next ones above it")
    return 0


def rotate(arguments: argparse.Namespace) -> int:
    """A new key for an association: made and kept here, sent wrapped, used when it is accepted."""
    owner = _owner(arguments.owner)
    spis = {row[0]: row[1] for row in flight_dictionary.ASSOCIATIONS}
    name = arguments.name
    if name not in spis or name not in keys.names(owner):
        raise GroundError(f"{name!r} is no key of an association of {owner}")
    if options.folder(arguments).resolve() == keys.DEVELOPMENT:
        raise GroundError("the development keys are those of every image: give --keys FOLDER")
    with options.session(arguments) as session:
        if not options.confirm(session, arguments.timeout):
            return options.FAILED
        ring = session.ring
        key, generation, wrapped = ring.begin_change(name)
        if name.startswith("tm-"):
            session.expect_key(key)
        values = {"spi": spis[name], "generation": generation, "wrapped_key": list(wrapped)}
        request = session.submit("rekey", values)
        options.run_until(session, lambda: request.ended, arguments.timeout)
        options.say_warnings(session, print)
        options.check_confirmed(session)
        if not request.completed:
            stage = request.failure or (request.stages[-1][0] if request.stages else "not sent")
            print(f"{name}: not changed for certain ({stage}); microflight ground keys resume")
            return options.FAILED
        ring.take_into_use(name, generation)
        print(f"{name}: generation {generation} in use")
    return 0


def resume(arguments: argparse.Namespace) -> int:
    """Counters and generations as the spacecraft reports them; concludes a change of key."""
    owner = _owner(arguments.owner)
    found: List[Any] = []

    def listen(report: Any) -> None:
        if report.name == f"tc_{owner}":
            found.append(report.raw)

    with options.session(arguments, listen=listen) as session:
        options.run_until(session, lambda: bool(found), arguments.timeout)
        options.say_warnings(session, print)
        options.check_confirmed(session)
        if not found:
            print(f"no packet tc_{owner} in {arguments.timeout:g} s")
            return options.FAILED
        ring, values = session.ring, found[-1]
        # What was decided by this report is not decided by it, or by an older one, again.
        ring.note_telemetry(at_once=True)
        good = [
            _settle(ring, name, values, fields, arguments.back)
            for name, fields in (
                (f"tc-{owner}", "tc"),
                (f"tm-{owner}", "tm"),
                ("tc-emergency", "emergency"),
            )
            if name in ring.keys
        ]
    return 0 if all(good) else options.FAILED


def _settle(ring: Keyring, name: str, values: Dict[str, Any], fields: str, back: bool) -> bool:
    """One association; whether this ground and the spacecraft agree. No key is lost here, whatever
    the report says: the host's comes in clear, and anybody can have sent it."""
    on_board = values[f"{fields}_generation"]
    if on_board in ring.others(name) and (on_board > ring.generation(name) or back):
        ring.take_into_use(name, on_board)
    if on_board != ring.generation(name):
        print(f"{name}: generation {ring.generation(name)} here, {on_board} on board")
        if on_board in ring.others(name):
            print("its key is kept here: resume --back takes it, if the report can be believed")
        return False
    ring.set_aside(name)
    text = f"{name}: generation {on_board}"
    if name.startswith("tc-"):
        high, middle, low = values[f"{fields}_next"]
        wanted, before = high << 64 | middle << 32 | low, ring.counters.value(name)
        if wanted > before:
            ring.counters.set(name, wanted)
        text += f", next counter {max(wanted, before)} (on board {wanted})"
    print(text)
    return True
