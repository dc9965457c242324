"""Values that are none, in every place where one is given: exit code 2, one line, no traceback."""

import pytest

from tests.cli.test_bad_input import FLY, refused

LONG = "x" * 300
DEEP = "[" * 20000
DIGITS = "9" * 5000
AFTER = ("ground", "send", "schedule_insert_after")
INSERT = ("ground", "send", "schedule_insert")
LOAD = ("ground", "send", "sequence_load", "number=0")
PREPARE = ("ground", "yamcs", "host", "--prepare")


def activity(**keys):
    """One activity as JSON; values are JSON already."""
    fields = ", ".join(f'"{key}": {value}' for key, value in keys.items())
    return f'activities=[{{"command": "ping", {fields}}}]'


@pytest.mark.parametrize("option", ["--station", "--radio"])
@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("a..b", ("a..b", "no name of a computer")),
        (LONG, ("xxx…", "no name of a computer")),
        ("a\0b", ("no name of a computer",)),
        ("\udcff", ("no name of a computer",)),
        (":²", ("'²'", "HOST:PORT")),
        (":0", ("HOST:PORT",)),
        (":99999", ("HOST:PORT",)),
        (f":{DIGITS}", ("HOST:PORT",)),
        ("a:b:c", ("HOST:PORT",)),
    ],
)
def test_places_of_the_network(microflight, option, where, words):
    action = "watch" if option == "--station" else "station"
    words = [word.strip("'") for word in words]
    refused(microflight("ground", action, option, where), *words)


@pytest.mark.parametrize("port", ["0", "-1", "65514", "70000", DIGITS])
def test_first_ports(microflight, tmp_path, port):
    refused(microflight("ground", "station", "--port", port, "--radio", ":1"), port[:40])
    for option in ("--http", "--port"):
        given = port if (option, port) != ("--http", "65514") else "65533"
        line = (*PREPARE, "--folder", str(tmp_path / "made"), option, given)
        refused(microflight(*line), option, given[:40])
    assert not (tmp_path / "made").exists()


def test_places_of_yamcs(microflight, tmp_path):
    refused(microflight(*PREPARE, "--station", "a..b"), "a..b")
    (tmp_path / "file").write_text("")
    for folder in ("/proc/x", str(tmp_path / "file")):
        refused(microflight(*PREPARE, "--folder", folder), folder, "cannot be made")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ((*AFTER, activity(delay_s="NaN")), ("activities", "'NaN' is not a finite number")),
        ((*AFTER, activity(delay_s="-Infinity")), ("activities", "not a finite number")),
        ((*AFTER, activity(delay_s="1e400")), ("activities", "'1e400' is not a finite number")),
        ((*AFTER, activity(delay_s='"nan"')), ("activities.0", "delay_s", "of seconds")),
        ((*AFTER, activity(delay_s='"inf"')), ("activities.0", "delay_s", "of seconds")),
        ((*AFTER, activity(delay_s=DIGITS)), ("activities", "too many digits")),
        ((*AFTER, activity(delay_s="9" * 400)), ("delay_s", "999…", "not a finite")),
        ((*AFTER, activity(delay_s="1e9")), ("delay_s", "outside 0 .. 604800 s")),
        ((*AFTER, activity(delay_s="1", args="5")), ("activities.0: args", "a table by name")),
        ((*AFTER, activity(delay_s="1", args="null")), ("activities.0: args", "a table by name")),
        ((*AFTER, activity(delay_s="1", args='"x"')), ("activities.0: args", "a table by name")),
        ((*AFTER, "activities=[5]"), ("activities.0", "'command'")),
        ((*AFTER, f"activities={DEEP}"), ("activities", "in one another")),
        ((*AFTER, 'activities={"a":' + '{"a":' * 9000), ("activities", "in one another")),
        ((*AFTER, "activities=5"), ("activities", "a list")),
        ((*INSERT, activity(seconds="1e400")), ("activities", "not a finite number")),
        ((*INSERT, activity(seconds="1.5")), ("seconds", "1.5 is not a whole number")),
        ((*INSERT, activity(seconds="5", ms='"nan"')), ("ms", "'nan' is not a whole number")),
        ((*LOAD, 'entries=[{"command": "ping", "args": 5}]'), ("entries.0: args", "by name")),
        ((*LOAD, 'entries=[{"command": "ping", "delay_s": Infinity}]'), ("entries", "finite")),
        (
            ("ground", "send", "schedule_shift", "offset_s=nan", "requests=[]"),
            ("offset_s", "'nan'"),
        ),
        (("ground", "send", "schedule_shift_all", "offset_s=-inf"), ("offset_s", "'-inf'")),
        (("ground", "send", "schedule_shift_all", "offset_s=1e30"), ("offset_s", "outside")),
        (("ground", "send", "file_list", "path=\udcff"), ("path", "\\udcff", "UTF-8")),
        (("ground", "send", "mail", "to=EC", "reference=1", "text=\udcff"), ("text", "UTF-8")),
        (("ground", "send", "mail", "to=EC", "reference=²", "text=x"), ("reference", "'²'")),
        (("ground", "send", "mail", "to=EC", "reference=1", "text=[5]"), ("text", "no text")),
        (("ground", "send", "action_add", f"event={DIGITS}", "command=ping"), ("event", "999…")),
        (("ground", "send", "power_switch", f"load={DIGITS}", "on=1"), ("load", "999…")),
        (("ground", "send", "power_switch", "load=0x" + "f" * 900, "on=1"), ("load", "outside")),
        (("ground", "send", "contact_station", "latitude_rad=nan"), ("contact_station",)),
        (("ground", "send", "ping", "--timeout", "nan"), ("--timeout", "finite")),
        (("ground", "watch", "--duration", "inf"), ("--duration", "finite")),
        (("ground", "download", "x", "--rate", "nan"), ("--rate", "finite")),
        (("ground", "download", "x", "--into", "/nowhere"), ("/nowhere",)),
        (("ground", "upload", "/etc/hostname", "\udcff"), ("\\udcff", "not a name")),
        ((*FLY, "--radio", "0", "--pace", "nan"), ("--pace", "finite")),
        ((*FLY, "--set", "initial.rate_deg_s=nan"), ("rate_deg_s", "finite")),
        ((*FLY, "--set", "initial.rate_deg_s=-inf"), ("rate_deg_s", "finite")),
        ((*FLY, "--set", "initial.rate_deg_s=1e400"), ("rate_deg_s", "finite")),
        ((*FLY, "--set", "seed=0x" + "f" * 6000), ("seed", "64 bits")),
        ((*FLY, "--set", f"seed={DIGITS}"), ("seed", "999")),
        ((*FLY, "--set", f"seed={DEEP}"), ("seed",)),
        ((*FLY, "--set", "spacecraft.imu.bias_rad_s=[0.0, nan, 0.0]"), ("bias_rad_s", "finite")),
    ],
)
def test_values(microflight, line, words):
    refused(microflight(*line), *words)


@pytest.mark.parametrize(
    "value", ["nan", "inf", "-inf", "[1.0, nan]", "{a = nan}", "0x" + "f" * 99]
)
def test_arguments_of_a_scenario_are_finite(microflight, scenario_file, value):
    row = f'command = "power_switch"\nargs = {{load = {value}, on = 1}}'
    path = scenario_file(f"\n[[timeline]]\nt_s = 5.0\n{row}\n")
    result = microflight("fly", path, "--world", "desktop", "--no-live")
    refused(result, "own.toml", "timeline.", "args", "finite")


@pytest.mark.parametrize("value", [DEEP, DIGITS])
def test_scenarios_without_an_end(microflight, scenario_file, value):
    path = scenario_file(f"\n[[timeline]]\nt_s = {value}\n")
    refused(microflight("fly", path, "--world", "desktop", "--no-live"), "own.toml")


def test_a_scenario_does_not_ask_twice_for_a_file(microflight, scenario_file):
    row = '\n[[transfer]]\nt_s = 5.0\nowner = "host"\nway = "down"\nname = "a"\n'
    path = scenario_file(row + row)
    refused(microflight("fly", path, "--world", "desktop", "--no-live"), "asks twice", "a")
