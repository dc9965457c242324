"""Drivers against the simulator's register-level parts, healthy and failing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.drivers.mf_eps import ADDRESS as EPS
from hal.drivers.mf_eps import MfEps
from hal.drivers.tmp108 import ADDRESS as TMP108
from hal.drivers.tmp108 import Tmp108
from hal.errors import HalError
from hal.roles import PowerMonitor
from sim.devices.tmp108 import Tmp108 as SimTmp108
from sim.faults import Fault, FaultSet
from tests.flight.fakes import Bus
from tests.hal.parts import make_eps


def faults(*kinds, **details):
    found = FaultSet([Fault("part", kind, **details) for kind in kinds])
    found.advance(0.0)
    return found


def thermometer(celsius, fault_set=None):
    part = SimTmp108("tmp108", lambda grid: celsius, fault_set)
    part.grid = 20
    return part, Tmp108(Bus({TMP108: part}))


@pytest.mark.parametrize("celsius", [-55.0, -0.0625, 0.0, 0.0625, 21.5, 127.9375])
def test_temperature(celsius):
    _, driver = thermometer(celsius)
    driver.probe()
    assert driver.read() == celsius * 16


def test_probe_starts_continuous_conversion():
    part, driver = thermometer(10.0)
    part.access(b"\x01\x20\x10", 0, TMP108)  # shut down
    driver.probe()
    assert part.access(b"\x01", 2, TMP108)[0] & 0x03 == 0x02
    part.grid += 20
    assert driver.read() == 160


@pytest.mark.parametrize("kind,code", [("nack", 19), ("dead", 19), ("timeout", 110)])
def test_a_failing_part_is_a_hal_error_with_its_code(kind, code):
    _, driver = thermometer(10.0, faults(kind))
    for call in (driver.probe, driver.read):
        with pytest.raises(HalError) as caught:
            call()
        assert caught.value.code == code and caught.value.device == "tmp108"
    _, eps = make_eps(faults(kind))
    for call in (eps.probe, lambda: eps.read_into([0] * PowerMonitor.SIZE)):
        with pytest.raises(HalError) as caught:
            call()
        assert caught.value.code == code


def test_another_part_is_noticed():
    for _, driver in (thermometer(10.0, faults("wrong_id")), make_eps(faults("wrong_id"))):
        with pytest.raises(HalError) as caught:
            driver.probe()
        assert caught.value.code == 84


def test_no_part_at_all():
    for driver in (MfEps(Bus({})), Tmp108(Bus({}))):
        with pytest.raises(HalError) as caught:
            driver.probe()
        assert caught.value.code == 19


def test_errors_are_prebuilt():
    driver = Tmp108(Bus({}))
    seen = []
    for _ in range(3):
        with pytest.raises(HalError) as caught:
            driver.read()
        seen.append(caught.value)
    assert seen[0] is seen[1] is seen[2]


def test_eps_reading():
    power, driver = make_eps()
    driver.probe()
    out = [None] * PowerMonitor.SIZE
    driver.read_into(out)
    assert abs(out[PowerMonitor.BATTERY_MV] - power.battery_V * 1000) <= 2
    assert abs(out[PowerMonitor.BATTERY_CURRENT] - power.battery_A / 0.5e-3) <= 1
    assert abs(out[PowerMonitor.BATTERY_TEMPERATURE] - power.battery_C * 16) <= 1
    assert abs(out[PowerMonitor.SOLAR_CURRENT] - power.solar_A / 0.5e-3) <= 1
    assert out[PowerMonitor.SWITCHES] == power.switches == 0x05
    for load in range(4):
        assert abs(out[PowerMonitor.LOAD_MV + load] - power.channel_V(load) * 1000) <= 2
        assert abs(out[PowerMonitor.LOAD_CURRENT + load] - power.channel_A(load) / 0.5e-3) <= 1


@pytest.mark.parametrize("mask", range(16))
def test_eps_switches(mask):
    power, driver = make_eps()
    driver.set_switches(mask)
    assert power.switches == mask


def test_a_dead_register_is_out_of_range():
    _, driver = make_eps(faults("stuck", value=0xFF))
    with pytest.raises(HalError) as caught:
        driver.read_into([0] * PowerMonitor.SIZE)
    assert caught.value.code == 34


class Raw:
    """A bus that answers one fixed image per register."""

    def __init__(self, **images):
        self.images = {int(name[1:], 16): image for name, image in images.items()}

    def readfrom_mem_into(self, address, register, buf):
        buf[:] = self.images[register]


STATE = "000f 0003 3e80 8000 f9c0 ffff"
CHANNELS = "3e80 8000 3e80 7fff 0000 ffff 0001 0001"


def test_eps_conversion_of_extreme_registers():
    driver = MfEps(Raw(x02=bytes.fromhex(STATE), x10=bytes.fromhex(CHANNELS)))
    out = [0] * PowerMonitor.SIZE
    driver.read_into(out)
    assert out == [
        20000, -32768, -1600, 65535, 15, 3,
        20000, 20000, 0, 1, -32768, 32767, -1, 1,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("state", "channels"),
    [
        ("010f 0003 3e80 8000 f9c0 ffff", CHANNELS),  # switches that are not there
        ("001f 0003 3e80 8000 f9c0 ffff", CHANNELS),
        ("000f 0103 3e80 8000 f9c0 ffff", CHANNELS),  # bits that are not there
        ("000f 0007 3e80 8000 f9c0 ffff", CHANNELS),
        ("000f 0003 3e81 8000 f9c0 ffff", CHANNELS),  # more than 20 V
        ("000f 0003 3e80 8000 f9bf ffff", CHANNELS),  # colder than -100 degC
        ("000f 0003 3e80 8000 0961 ffff", CHANNELS),  # hotter than 150 degC
        (STATE, "3e81 0000 0000 0000 0000 0000 0000 0000"),
        (STATE, "0000 0000 0000 0000 0000 0000 ffff 0000"),
    ],
)
def test_eps_readings_that_cannot_be_are_refused(state, channels):
    driver = MfEps(Raw(x02=bytes.fromhex(state), x10=bytes.fromhex(channels)))
    with pytest.raises(HalError) as caught:
        driver.read_into([0] * PowerMonitor.SIZE)
    assert caught.value.code == 34


@pytest.mark.parametrize(("raw", "out"), [("0000", 0), ("0003", 3), ("0004", None), ("0103", None)])
def test_eps_deployables_that_are_not_there_are_not_believed(raw, out):
    driver = MfEps(Raw(x22=bytes.fromhex(raw)))
    if out is not None:
        assert driver.read_deployed() == out
        return
    with pytest.raises(HalError) as caught:
        driver.read_deployed()
    assert caught.value.code == 34


@given(st.binary(min_size=12, max_size=12), st.binary(min_size=16, max_size=16))
def test_whatever_the_eps_answers_fits_its_packet_or_is_refused(state, channels):
    driver = MfEps(Raw(x02=state, x10=channels))
    out = [0] * PowerMonitor.SIZE
    try:
        driver.read_into(out)
    except HalError:
        return
    unsigned = [out[PowerMonitor.BATTERY_MV], out[PowerMonitor.SOLAR_CURRENT]]
    unsigned += out[PowerMonitor.LOAD_MV : PowerMonitor.LOAD_MV + 4]
    assert all(0 <= value <= 65535 for value in unsigned)


def test_eps_answers_at_the_documented_address():
    assert EPS == 0x18
