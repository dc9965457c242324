"""The two parts whose register maps the project publishes, and the power behind the first."""

import pytest

from sim.devices.mf_eps import MfEps
from sim.devices.mf_radio import MfRadio
from sim.power import Power, PowerParameters, open_circuit_V

PARAMETERS = {
    "battery_Wh": 20.0,
    "charge": 0.6,
    "battery_resistance_ohm": 0.1,
    "panel_area_m2": (0.03, 0.03, 0.03, 0.03, 0.01, 0.01),
    "panel_efficiency": 0.25,
    "platform_W": 0.6,
    "receiver_W": 0.2,
    "transmitter_W": 2.0,
    "payload_W": 0.3,
    "heater_W": 1.0,
    "temperature_sun_C": 20.0,
    "temperature_eclipse_C": -10.0,
    "thermal_time_s": 1000.0,
}


def make_power(carrier=False, rod_A=0.0, **changes):
    switched = []
    power = Power(
        PowerParameters(**{**PARAMETERS, **changes}),
        lambda switch, on: switched.append((switch, on)),
        lambda: carrier,
        lambda: rod_A,
    )
    return power, switched


def register(eps, number):
    return int.from_bytes(eps.transfer(bytes((number,)), 2), "big")


class TestEps:
    def test_identification_power_up_and_unknown_registers(self):
        eps = MfEps("eps", make_power()[0])
        assert eps.transfer(b"\x00", 6).hex() == "455000010005"
        assert register(eps, 0x08) == 0xFFFF
        assert register(eps, 0x18) == 0xFFFF

    def test_switching_and_read_only_registers(self):
        power, switched = make_power()
        eps = MfEps("eps", power)
        eps.transfer(b"\x02\x00\x06", 0)
        assert register(eps, 2) == 0x0006
        assert switched == [(0, False), (1, True)]
        eps.transfer(b"\x00\x12\x34", 0)
        assert register(eps, 0) == 0x4550
        eps.transfer(b"\x02\xff\xff", 0)
        assert register(eps, 2) == 0x000F
        eps.transfer(b"\x02\x00", 0)  # half a register writes nothing
        assert register(eps, 2) == 0x000F

    def test_measurements_and_their_scales(self):
        power, _ = make_power(carrier=True, rod_A=0.2)
        eps = MfEps("eps", power)
        eps.transfer(b"\x02\x00\x07", 0)
        power.sunlight((1.0, 0.0, 0.0), 1.0, 1.0)
        power.advance(0.1)
        assert register(eps, 4) * 1.25e-3 == pytest.approx(power.battery_V, abs=1e-3)
        current = register(eps, 5)
        current -= 0x10000 if current & 0x8000 else 0
        assert current * 0.5e-3 == pytest.approx(power.battery_A, abs=0.3e-3)
        assert register(eps, 6) / 16 == pytest.approx(20.0, abs=0.1)
        assert register(eps, 7) * 0.5e-3 == pytest.approx(power.solar_A, abs=0.3e-3)
        open_V = open_circuit_V(0.6)
        for channel, watts in ((0, 2.0), (1, 0.3), (2, 1.0)):
            assert register(eps, 0x10 + 2 * channel) == register(eps, 4)
            amperes = register(eps, 0x11 + 2 * channel) * 0.5e-3
            assert amperes == pytest.approx(watts / open_V, rel=0.01)
        assert register(eps, 0x16) == 0
        assert register(eps, 0x17) == 0

    def test_undervoltage_latches_until_read(self):
        power, _ = make_power(charge=0.02)
        eps = MfEps("eps", power)
        power.advance(0.1)
        assert power.battery_V < 6.0
        assert register(eps, 3) == 2
        assert register(eps, 3) == 0

    def test_peek_changes_nothing(self):
        power, switched = make_power(charge=0.02)
        eps = MfEps("eps", power)
        power.advance(0.1)
        assert eps.peek(b"\x03", 2) == b"\x00\x02"
        eps.peek(b"\x02\x00\x00", 2)
        assert switched == []
        assert register(eps, 3) == 2


class TestPower:
    def test_energy_balance_over_an_hour(self):
        power, _ = make_power()
        power.switch(0)
        for _ in range(3600):
            power.advance(1.0)
        assert power.charge == pytest.approx(0.6 - 0.8 / 20.0, abs=1e-6)
        power.sunlight((0.0, 0.0, -1.0), 1.0, 1.0)
        assert power.solar_W == pytest.approx(1361.0 * 0.01 * 0.25)
        for _ in range(3600):
            power.advance(1.0)
        expected = 0.6 + (-0.8 + power.solar_W - 0.8) / 20.0
        assert power.charge == pytest.approx(expected, abs=1e-6)

    def test_full_battery_takes_no_more(self):
        power, _ = make_power(charge=1.0)
        power.sunlight((1.0, 0.0, 0.0), 1.0, 1.0)
        power.advance(1.0)
        assert power.charge == 1.0
        assert power.battery_A == 0.0

    def test_temperature_follows_the_light(self):
        power, _ = make_power()
        for _ in range(5000):
            power.sunlight((1.0, 0.0, 0.0), 0.0, 1.0)
        assert power.temperature_C == pytest.approx(-10.0, abs=0.3)
        assert power.solar_W == 0.0

    def test_brown_out_sheds_everything_once_and_recovers(self):
        power, switched = make_power(charge=0.005)
        assert any(power.advance(1.0) for _ in range(4000))
        assert power.brown_outs == 1
        assert power.switches == 0
        power.switch(0x000F)
        assert power.switches == 0
        power.sunlight((1.0, 0.0, 0.0), 1.0, 1.0)
        for _ in range(4000):
            power.advance(1.0)
        assert power.switches == 0x0005
        assert power.brown_outs == 1

    def test_open_circuit_voltage_rises_with_charge(self):
        values = [open_circuit_V(index / 50) for index in range(51)]
        assert values == sorted(values)
        assert values[0] == 5.4 and values[-1] == 8.4


def radio_on():
    radio = MfRadio("radio")
    radio.transfer(b"\x02\x03", 0)
    return radio


class TestRadio:
    def test_power_up_values(self):
        radio = MfRadio("radio")
        assert radio.transfer(b"\x00", 8) == bytes((0x52, 1, 2, 0, 3, 8, 0, 0))

    def test_frame_leaves_when_its_last_bit_is_gone(self):
        radio = radio_on()
        radio.transfer(b"\x08" + bytes(223), 0)
        assert radio.transfer(b"\x03", 1) == b"\x11"
        assert radio.transfer(b"\x05", 1) == b"\x07"
        assert radio.advance(0.0, 0.1) == []
        ((t_s, frame),) = radio.advance(0.1, 0.1)
        assert t_s == pytest.approx(223 * 8 / 9600)
        assert frame == bytes(223)
        assert radio.transfer(b"\x0b", 1) == b"\x01"
        assert radio.transfer(b"\x03", 1) == b"\x10"

    def test_frames_queue_without_gaps(self):
        radio = radio_on()
        radio.transfer(b"\x04\x05", 0)  # 38400 bit/s
        for index in range(3):
            radio.transfer(b"\x08" + bytes((index,)) * 120, 0)
        sent = radio.advance(10.0, 0.1)
        assert [frame[0] for _, frame in sent] == [0, 1, 2]
        assert [t_s for t_s, _ in sent] == pytest.approx([10.025, 10.05, 10.075])

    def test_ninth_frame_overflows(self):
        radio = radio_on()
        for _ in range(9):
            radio.transfer(b"\x08" + bytes(10), 0)
        assert radio.transfer(b"\x05", 1) == b"\x00"
        assert radio.transfer(b"\x03", 1)[0] & 0x08
        assert not radio.transfer(b"\x03", 1)[0] & 0x08

    def test_carrier_off_drops_frames_with_overflow(self):
        radio = MfRadio("radio")
        radio.transfer(b"\x08" + bytes(10), 0)
        assert radio.transfer(b"\x03", 1) == b"\x08"
        radio.transfer(b"\x02\x03", 0)
        radio.transfer(b"\x08" + bytes(10), 0)
        radio.transfer(b"\x02\x02", 0)
        radio.transfer(b"\x02\x03", 0)
        assert radio.advance(0.0, 10.0) == []

    def test_carrier_needs_its_supply(self):
        radio = MfRadio("radio")
        radio.transmitter_on = False
        radio.transfer(b"\x02\x03", 0)
        assert radio.transfer(b"\x02", 1) == b"\x02"
        assert not radio.carrier
        radio.transmitter_on = True
        assert not radio.carrier
        radio.transfer(b"\x02\x03", 0)
        assert radio.carrier

    def test_received_octets_wait_until_they_are_read(self):
        radio = MfRadio("radio")
        assert radio.receive(b"first burst")
        assert radio.receive(b"2nd")
        assert radio.transfer(b"\x06", 2) == b"\x00\x0e"
        assert radio.transfer(b"\x03", 1) == b"\x02"
        assert radio.transfer(b"\x09", 5) == b"first"
        assert radio.transfer(b"\x06", 2) == b"\x00\x09"
        assert radio.transfer(b"\x09", 11) == b" burst2nd\0\0"
        assert radio.transfer(b"\x06", 2) == b"\x00\x00"
        assert radio.transfer(b"\x0a", 1) == b"\x02"

    def test_a_burst_without_room_is_lost_and_long_ones_are_read_in_pieces(self):
        radio = MfRadio("radio")
        assert radio.receive(bytes(400))
        assert radio.transfer(b"\x06", 2) == b"\x01\x00"
        assert radio.receive(bytes(1648))
        assert not radio.receive(b"x")
        assert radio.transfer(b"\x03", 1) == b"\x06"
        assert radio.transfer(b"\x03", 1) == b"\x02"

    def test_receiver_off(self):
        radio = MfRadio("radio")
        radio.transfer(b"\x02\x01", 0)
        assert not radio.receive(b"x")

    def test_rate_takes_known_codes_only(self):
        radio = MfRadio("radio")
        radio.transfer(b"\x04\x06", 0)
        assert radio.rate_bit_s == 9600
        radio.transfer(b"\x04\x00", 0)
        assert radio.rate_bit_s == 1200

    def test_soft_reset(self):
        radio = radio_on()
        radio.transfer(b"\x04\x05", 0)
        radio.transfer(b"\x02\x80", 0)
        assert radio.transfer(b"\x02", 3) == b"\x02\x00\x03"

    def test_peek_pops_nothing(self):
        radio = MfRadio("radio")
        radio.receive(b"abc")
        assert radio.peek(b"\x09", 3) == b"abc"
        assert radio.peek(b"\x08" + bytes(5), 0) == b""
        assert radio.transfer(b"\x03", 1) == b"\x02"
        assert radio.transfer(b"\x09", 3) == b"abc"
