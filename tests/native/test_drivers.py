"""FRAM, radio and Python's I2C on register-level parts; the rod driver's conversion."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from native.cffi.loader import lib
from sim.faults import Fault
from tests.native.rig import Rig

E_NODEV, E_INVAL, E_NOSPC, E_BADID, E_TIMEOUT = -19, -22, -28, -84, -110
FRAM_SIZE = 131072


@given(st.integers(0, FRAM_SIZE - 1), st.binary(max_size=300))
def test_fram_keeps_what_is_written_anywhere(address, data):
    rig = Rig()
    data = data[: FRAM_SIZE - address]
    assert rig.stack.fram.write(address, data) == 0
    back = bytearray(len(data))
    assert rig.stack.fram.read(address, back) == 0
    assert back == data
    assert rig.fram.memory[address : address + len(data)] == data


def test_fram_pieces_neither_exceed_a_chunk_nor_cross_the_block():
    rig = Rig()
    rig.stack.fram.write(65536 - 10, bytes(200))
    sizes = [(r.address, len(r.tx) - 2) for r in rig.requests]
    assert sizes == [(0x50, 10), (0x51, 64), (0x51, 64), (0x51, 62)]


@pytest.mark.parametrize("where", [(-1, 1), (FRAM_SIZE, 1), (FRAM_SIZE - 1, 2), (2**31, 1)])
def test_fram_out_of_range_is_refused_without_traffic(where):
    rig = Rig()
    address, size = where
    assert rig.stack.fram.write(address, bytes(size)) == E_INVAL
    assert rig.stack.fram.read(address, bytearray(size)) == E_INVAL
    assert rig.requests == []


@pytest.mark.parametrize(("kind", "code"), [("nack", E_NODEV), ("timeout", E_TIMEOUT)])
def test_fram_that_fails_gives_its_status(kind, code):
    rig = Rig({"fram": [Fault("fram", kind)]})
    assert rig.stack.fram.write(0, bytes(100)) == code
    assert rig.stack.fram.read(0, bytearray(100)) == code
    assert len(rig.requests) == 2  # no piece after the one that failed


def test_radio_probe_tells_absent_from_wrong():
    assert Rig().stack.radio.probe() == 0
    assert Rig({"radio": [Fault("radio", "nack")]}).stack.radio.probe() == E_NODEV
    assert Rig({"radio": [Fault("radio", "wrong_id")]}).stack.radio.probe() == E_BADID


def test_radio_takes_eight_frames_and_then_says_full():
    rig = Rig()
    assert rig.stack.radio.control(True, 3) == 0
    assert rig.radio.carrier
    assert [rig.stack.radio.send(bytes(223), 223) for _ in range(9)] == [0] * 8 + [E_NOSPC]
    assert rig.stack.radio.tx_free() == 0
    assert rig.stack.radio.control(False, 3) == 0
    assert not rig.radio.carrier


def test_radio_hands_over_what_was_received_in_pieces():
    rig = Rig()
    stream = bytes(i * 7 & 0xFF for i in range(700))
    assert rig.radio.receive(stream[:500]) and rig.radio.receive(stream[500:])
    buf, got = bytearray(300), b""
    sizes = []
    while n := rig.stack.radio.receive(buf):
        sizes.append(n)
        got += buf[:n]
    assert got == stream and sizes == [256, 256, 188]
    small = bytearray(4)
    rig.radio.receive(b"next one")
    assert rig.stack.radio.receive(small) == 4 and small == b"next"
    assert rig.stack.radio.receive(small) == 4 and small == b" one"


def test_radio_wrong_use_is_refused():
    radio = Rig().stack.radio
    assert radio.send(b"", 0) == radio.send(bytes(261), 261) == E_INVAL
    assert radio.control(True, 6) == radio.control(True, -1) == E_INVAL
    with pytest.raises(ValueError):
        radio.send(bytes(10), 11)


def test_i2c_of_python_drivers():
    rig = Rig()
    bus = rig.stack.i2c(2)
    bus.writeto_mem(0x6A, 0x11, b"\x30")
    value = bytearray(1)
    bus.readfrom_mem_into(0x6A, 0x11, value)
    assert value == b"\x30"
    bus.writeto(0x6A, b"\x0f")
    bus.readfrom_into(0x6A, value)
    assert value == b"\x6c"


@pytest.mark.parametrize("code", [19, 110])
def test_i2c_failures_are_oserrors(code):
    kind = {19: "nack", 110: "timeout"}[code]
    bus = Rig({"imu": [Fault("imu", kind)]}).stack.i2c(2)
    with pytest.raises(OSError) as caught:
        bus.readfrom_into(0x6A, bytearray(1))
    assert caught.value.errno == code


def test_i2c_wrong_use():
    rig = Rig()
    with pytest.raises(ValueError):
        rig.stack.i2c(1)
    with pytest.raises(ValueError):
        rig.stack.i2c(3)
    with pytest.raises(ValueError):
        rig.stack.i2c(2).readfrom_into(0x80, bytearray(1))
    with pytest.raises(OSError):
        rig.stack.i2c(2).readfrom_into(0x6A, bytearray(301))


def test_what_the_exchange_raises_comes_out_of_the_call():
    class Pulled(BaseException):
        pass

    rig = Rig()
    asked = []

    def raising(request):
        asked.append(request)
        raise Pulled

    rig.stack._exchange = raising
    with pytest.raises(Pulled):
        rig.stack.timer(10_000_000)
    assert len(asked) == 1  # nothing more is asked of a world that is gone
    rig.stack._exchange = rig.exchange
    assert rig.stack.timer(10_100_000)


def test_reply_of_wrong_length_is_an_error_with_its_sizes():
    rig = Rig()
    rig.stack._exchange = lambda request: b"12"
    with pytest.raises(ValueError, match="2 bytes instead of 5"):
        rig.stack.hello()


def test_reset_pulled_by_the_world_is_noted():
    rig = Rig()
    assert rig.stack.hello() == 0 and rig.stack.reset_cause is None
    rig.stack._exchange = lambda request: (-104).to_bytes(2, "little", signed=True) + bytes(3)
    assert rig.stack.hello() == -104
    assert rig.stack.reset_cause == 104


def test_requests_carry_the_onboard_time():
    rig = Rig()
    rig.stack.set_time(2**40 + 3)
    rig.stack.hello(3, 1)
    assert rig.requests[0].t_us == 2**40 + 3 == rig.stack.now_us
    assert rig.requests[0].tx == bytes((1, 3, 1))


@given(st.floats(-2.0, 2.0))
def test_rod_control_is_the_nearest_step(share):
    control = lib.mf_drv8830_control(share)
    steps = [0.0] + [sign * (v + 1) / 64 for v in range(6, 64) for sign in (1, -1)]
    best = min(abs(step - share) for step in steps)
    assert abs(lib.mf_drv8830_share(control) - share) == pytest.approx(best, abs=1e-6)
    assert control == 0 or control & 3 in (1, 2)
    assert control == 0 or control >> 2 >= 6


def test_rod_control_of_nonsense_is_coast():
    assert lib.mf_drv8830_control(float("nan")) == 0
    assert lib.mf_drv8830_share(0xFF) == 0.0  # brake is no drive
