"""The USART driver against both peripheral models: silicon and Renode."""

from __future__ import annotations

import pytest

from tests.stm32.usart_models import (
    BRR,
    BYTE_NS,
    CR1,
    CR2,
    CR3,
    FE,
    NF,
    RE,
    RXNEIE,
    TE,
    TXEIE,
    UE,
    RenodeUsart,
    SiliconUsart,
)
from tests.stm32.usart_rig import BUSY, INVAL, RING, TIMEOUT, UART_READ, UART_WRITE, Rig, clean

# An error in a model must fail the test, though cffi swallows it on its way through C.
pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")

MODELS: dict[str, type[SiliconUsart]] = {"silicon": SiliconUsart, "renode": RenodeUsart}
PVT = bytes(range(100))  # as long as one message UBX-NAV-PVT


@pytest.fixture(params=sorted(MODELS))
def rig(request: pytest.FixtureRequest) -> Rig:
    return Rig(MODELS[request.param]())


@pytest.fixture
def silicon() -> Rig:
    return Rig(SiliconUsart())


def test_a_read_takes_what_is_there(rig: Rig) -> None:
    assert rig.read() == b""
    rig.model.feed(PVT)
    rig.settle()
    assert rig.read(60) == PVT[:60]
    assert rig.read(60) == PVT[60:]
    assert rig.read(60) == b""
    assert rig.usart.received == 100
    clean(rig)


def test_a_read_in_the_middle_of_a_message(rig: Rig) -> None:
    rig.model.feed(PVT)
    got = b""
    for _ in range(40):
        for _ in range(7):
            rig.step()
        got += rig.read(300)
    rig.settle()
    assert got + rig.read() == PVT
    clean(rig)


def test_the_ring_wraps_at_every_place(rig: Rig) -> None:
    sent = got = b""
    for count in range(1, 60):
        data = bytes((count * 7 + i) % 256 for i in range(count))
        rig.model.feed(data)
        rig.settle()
        sent, got = sent + data, got + rig.read(count)
    assert got == sent and len(sent) > 6 * RING
    clean(rig)


def test_a_full_ring_keeps_the_oldest_and_counts_the_rest(rig: Rig) -> None:
    data = bytes(i * 5 % 256 for i in range(RING + 44))
    rig.model.feed(data)
    rig.settle()
    assert rig.usart.lost == 44
    assert rig.read(300) == data[:RING]
    rig.model.feed(b"again")
    rig.settle()
    assert rig.read() == b"again"
    assert rig.usart.lost == 44
    clean(rig)


@pytest.mark.parametrize("latency_us", [0, 40, 80])
def test_handlers_within_a_byte_time_lose_nothing(silicon: Rig, latency_us: int) -> None:
    silicon.latency_ns = latency_us * 1000
    silicon.model.feed(PVT + PVT)
    silicon.settle()
    assert silicon.read() == PVT + PVT
    assert silicon.usart.overruns == 0
    clean(silicon)


def test_a_late_handler_loses_the_later_bytes_and_counts(silicon: Rig) -> None:
    silicon.model.feed(b"abcd")
    silicon.model.wait(4 * BYTE_NS + 1000)
    silicon.handle()
    assert silicon.usart.overruns == 1
    silicon.model.feed(b"xyz")
    silicon.settle()
    assert silicon.read() == b"axyz"
    clean(silicon)


def test_overrun_between_the_two_reads(silicon: Rig) -> None:
    """RXNE was cleared, then ORE came up alone: DR holds nothing new (section 30.3.3)."""
    silicon.model.status = 1 << 3
    silicon.handle()
    assert silicon.usart.overruns == 1 and silicon.read() == b""
    clean(silicon)


def test_framing_errors_are_dropped_and_noise_is_kept(silicon: Rig) -> None:
    silicon.model.feed(b"good")
    silicon.model.feed(b"\x00\x00", errors=FE)
    silicon.model.feed(b"noisy", errors=NF)
    silicon.model.feed(b"\x55", errors=FE | NF)
    silicon.settle()
    assert silicon.read() == b"goodnoisy"
    counted = silicon.usart
    assert (counted.framing, counted.noise, counted.overruns, counted.received) == (3, 5, 0, 9)
    clean(silicon)


@pytest.mark.parametrize("count", [1, 2, 3, 44, 300])
def test_write(rig: Rig, count: int) -> None:
    data = bytes((7 * i + 1) % 256 for i in range(count))
    assert rig.write(data) == count
    assert bytes(rig.model.sent) == data
    assert rig.usart.sent == count
    clean(rig)


def test_a_write_on_silicon_is_back_to_back(silicon: Rig) -> None:
    assert silicon.write(bytes(100)) == 100
    assert silicon.model.now_ns < 101 * BYTE_NS


def test_writing_and_receiving_at_once(rig: Rig) -> None:
    rig.model.feed(PVT)
    assert rig.write(b"\xb5\x62" * 30) == 60
    assert rig.read() == PVT and bytes(rig.model.sent) == b"\xb5\x62" * 30
    clean(rig)


def test_queued_transfers_follow_one_another(rig: Rig) -> None:
    rig.model.feed(b"in")
    queue = [
        rig.transfer(UART_WRITE, b"first"),
        rig.transfer(UART_READ, rx_len=8),
        rig.transfer(UART_WRITE, b"second"),
        rig.transfer(UART_WRITE),
    ]
    assert [rig.submit(xfer) for xfer in queue] == [0] * 4
    assert rig.submit(queue[0]) == BUSY
    rig.settle()
    assert [xfer.status for xfer in queue[:1] + queue[2:]] == [5, 6, 0]
    assert bytes(rig.model.sent) == b"firstsecond"
    clean(rig)


def test_abort_at_every_point_of_a_write(rig: Rig) -> None:
    for steps in range(30):
        rig.model.sent.clear()
        xfer, follower = rig.transfer(UART_WRITE, b"0123456789"), rig.transfer(UART_READ, rx_len=4)
        assert rig.submit(xfer) == 0 and rig.submit(follower) == 0
        for _ in range(steps):
            rig.step()
        ended = xfer.status != BUSY
        rig.lib.mf_bus_seize(rig.bus)
        assert xfer.status == (10 if ended else TIMEOUT)
        transfers = rig.bus.transfers
        rig.settle()
        assert rig.bus.transfers == transfers, "nothing ends twice"
        assert b"0123456789".startswith(bytes(rig.model.sent))
        assert rig.write(b"next") == 4
        rig.model.feed(b"in")
        rig.settle()
        assert rig.read() == b"in"
    clean(rig)


def test_a_dead_transmitter_ends_by_its_deadline(silicon: Rig) -> None:
    """TXE that never comes: the bus gives up, the receiver goes on."""
    silicon.model.waiting = silicon.model.data
    assert silicon.write(b"never", timeout_us=5000) == TIMEOUT
    assert silicon.model.regs[CR1] & TXEIE == 0
    silicon.model.feed(b"in")
    silicon.settle()
    assert silicon.read() == b"in"


def test_an_interrupt_without_a_cause_is_counted_and_quiet(rig: Rig) -> None:
    rig.model.regs[CR1] |= TXEIE
    rig.lib.mf_stm32_usart_isr(rig.usart)
    rig.settle()
    assert rig.usart.spurious == 1
    assert not rig.model.interrupt() and not rig.model.sent


def test_bad_transfers_are_refused(rig: Rig) -> None:
    for xfer in (
        rig.transfer(2, b"\x00"),
        rig.transfer(UART_WRITE, b"\x00", 1),
        rig.transfer(UART_READ, b"\x00", 1),
        rig.transfer(UART_READ + 1, b"\x00"),
    ):
        assert rig.submit(xfer) == 0
        assert xfer.status == INVAL
    assert not rig.model.sent
    assert rig.write(b"ok") == 2


@pytest.mark.parametrize(
    ("pclk_hz", "baud", "divider"),
    [
        (84_000_000, 115_200, 729),
        (42_000_000, 115_200, 365),
        (16_000_000, 115_200, 139),
        (84_000_000, 9_600, 8750),
        (84_000_000, 921_600, 91),
        (84_000_000, 5_250_000, 16),
    ],
)
def test_registers_of_a_rate(pclk_hz: int, baud: int, divider: int) -> None:
    """RM0090 30.3.4: baud = f / (16 USARTDIV), BRR = 16 USARTDIV."""
    model = SiliconUsart()
    rig = Rig(model, pclk_hz=pclk_hz, baud=baud)
    assert rig.reset_status == 0
    assert model.violations == []
    assert model.regs == {BRR: divider, CR1: UE | TE | RE | RXNEIE, CR2: 0, CR3: 0}
    assert abs(pclk_hz / divider / baud - 1) < 0.02


@pytest.mark.parametrize(
    ("pclk_hz", "baud"),
    [
        (84_000_000, 0),
        (84_000_000, 1_200),  # the divider has sixteen bits
        (84_000_000, 5_600_000),  # and is sixteen at least
        (1_900_000, 115_200),  # 16: 3 % too fast
        (90_000_000, 115_200),
        (0, 115_200),
    ],
)
def test_impossible_rates_are_refused(pclk_hz: int, baud: int) -> None:
    model = SiliconUsart()
    rig = Rig(model, pclk_hz=pclk_hz, baud=baud)
    assert rig.reset_status == INVAL
    assert model.accesses == 0
    xfer = rig.transfer(UART_READ, rx_len=4)
    assert rig.submit(xfer) == 0 and xfer.status == INVAL
    rig.lib.mf_bus_seize(rig.bus)
    assert model.accesses == 0
