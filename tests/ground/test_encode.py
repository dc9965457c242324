"""Telecommands: layout bit by bit, arguments from the table, errors of one clear line."""

import pytest
from spacepackets.ecss import PusTc

from ground.dictionary import Dictionary
from ground.encode import Encoder
from ground.errors import CommandError, GroundError

DICTIONARY = Dictionary()


@pytest.fixture
def encoder():
    return Encoder(DICTIONARY)


def test_a_packet_that_fits_no_frame_is_refused(encoder):
    encoder.burst(bytes(218))()
    with pytest.raises(CommandError, match="219 bytes; a frame holds 218"):
        encoder.burst(bytes(219))
    with pytest.raises(CommandError):
        encoder.burst(b"")


def test_the_counter_is_that_of_the_moment_of_sending(encoder):
    first, second = encoder.frame("ping"), encoder.frame("ping")
    late, early = second(), first()
    assert early != late and bytes(first) == early == first()
    assert encoder.security.counters.take("tc-host") == 2


def extreme(row, value):
    """The argument `row` filled with `value`, as a person gives it."""
    if row.type.is_text:
        return chr(int(value)) * row.type.count
    return [value] * row.type.count if row.type.is_array else value


def test_every_command_of_the_dictionary_can_be_sent(encoder):
    for command in DICTIONARY.commands.values():
        lowest = {row.name: extreme(row, row.lowest) for row in command.arguments}
        highest = [extreme(row, row.highest) for row in command.arguments]
        for values in (lowest, highest):
            packet = PusTc.unpack(encoder.packet(command.name, values))
            assert (packet.service, packet.message_subtype) == (command.service, command.subtype)
            size = sum(row.type.count for row in command.arguments)
            assert len(packet.app_data) >= size
            if command.service == 8:
                assert int.from_bytes(packet.app_data[:2], "big") == command.id


def test_arguments_by_name_and_in_order_are_the_same():
    by_name = Encoder(DICTIONARY).packet("power_switch", {"on": 1, "load": 2})
    in_order = Encoder(DICTIONARY).packet("power_switch", [2, 1])
    typed = Encoder(DICTIONARY).packet("power_switch", ["0x2", "1"])
    assert by_name == in_order == typed


def test_function_arguments_follow_the_function_id(encoder):
    packet = PusTc.unpack(encoder.packet("power_switch", [2, 1]))
    assert bytes(packet.app_data) == bytes.fromhex("0101 02 01")
    assert packet.apid == 0x101
    packet = PusTc.unpack(encoder.packet("payload_dump", [3], owner="EC"))
    assert packet.apid == 0x144
    assert packet.source_id == 1


def test_parameters_are_set_by_name(encoder):
    packet = PusTc.unpack(
        encoder.packet(
            "set_parameters", {"power_battery_low_mV": 6500, "attitude_rate_low": 0.0078125}
        )
    )
    assert (packet.service, packet.message_subtype) == (20, 3)
    assert bytes(packet.app_data) == bytes.fromhex("02 0101 1964 0203 3c000000")


def test_sequence_counts_per_application(encoder):
    first, second = (PusTc.unpack(encoder.packet("ping")) for _ in range(2))
    other = PusTc.unpack(encoder.packet("power_switch", [0, 0]))
    assert (first.seq_count, second.seq_count, other.seq_count) == (0, 1, 0)


@pytest.mark.parametrize(
    ("name", "values", "text"),
    [
        ("warp", [], "command 'warp' is unknown"),
        ("power_switch", [1], "1 arguments given, 2 wanted"),
        ("power_switch", [1, 1, 1], "3 arguments given"),
        ("power_switch", {"load": 1}, "argument 'on' is missing"),
        ("power_switch", {"load": 1, "on": 1, "off": 0}, "unknown argument 'off'"),
        ("power_switch", [4, 1], "load: 4 is outside 0 .. 3"),
        ("power_switch", [-1, 1], "outside"),
        ("power_switch", [1.5, 1], "not a whole number"),
        ("power_switch", ["one", 1], "'one' is not a whole number"),
        ("power_switch", [None, 1], "not a number"),
        ("power_switch", [float("nan"), 1], "not a finite number"),
        ("power_switch", [float("inf"), 1], "not a finite number"),
        ("set_parameters", {}, "0 parameters given"),
        ("set_parameters", {"nothing": 1}, "unknown parameter 'nothing'"),
        ("set_parameters", {"attitude_rate_low": 2}, " is outside "),
        ("set_parameters", {"attitude_rate_low": float("nan")}, "finite"),
        ("set_parameters", [1], "name=value"),
    ],
)
def test_wrong_commands_are_one_clear_line(encoder, name, values, text):
    with pytest.raises(CommandError) as error:
        encoder.frame(name, values)
    assert text in str(error.value)
    assert "\n" not in str(error.value)


def test_unknown_owner_is_named(encoder):
    with pytest.raises(GroundError, match="partners are: host, EC, IR, BY"):
        encoder.frame("ping", owner="XY")
