"""Firmware's USART driver, Renode's UART (modelled), the bridge and the simulated GNSS receiver in
one chain: what `--world renode` does, without Renode."""

from __future__ import annotations

import pytest

from tests.renode.bridge_twin import PythonBridge
from tests.renode.server import Server
from tests.stm32.usart_models import RenodeUsart
from tests.stm32.usart_rig import Rig

# An error in a model must fail the test, though cffi swallows it on its way through C.
pytestmark = [
    pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning"),
]
LOOK_NS, SAMPLE_MS = 10_000_000, 75  # of the bridge; of the kernel, after a grid point


def test_each_message_is_whole_when_the_kernel_reads() -> None:
    with Server("crystal_ppm=0.0", "spacecraft.gnss={}") as server:
        model, bridge = RenodeUsart(), PythonBridge(server.port)
        rig = Rig(model)
        heard = []
        for look in range(1, 451):
            # The managed thread of the bridge has a phase of its own: here 3 ms.
            due_ns = look * LOOK_NS + 3_000_000
            sample_ns = (look // 10 * 100 + SAMPLE_MS) * 1_000_000
            if look % 10 == 7:
                run_to(rig, sample_ns)
                data = rig.read(128)
                if data:
                    heard.append((look // 10, data))
            run_to(rig, due_ns)
            bridge.time(model.now_ns // 1000)
            bridge.look()
            model.feed(bridge.received())
        bridge.close()
    assert [tick for tick, _ in heard] == [1, 10, 20, 30, 40]
    for _, data in heard:
        assert data[:6] == bytes.fromhex("b56201075c00") and len(data) == 100
        a = b = 0
        for byte in data[2:98]:
            a = (a + byte) & 0xFF
            b = (b + a) & 0xFF
        assert data[98:] == bytes((a, b))
    assert rig.usart.received == 500 and rig.usart.lost == 0
    assert model.violations == []


def run_to(rig: Rig, until_ns: int) -> None:
    """Bytes and interrupts up to that time."""
    model = rig.model
    while model.line and model.line[0][0] <= until_ns or model.interrupt():
        rig.step()
    model.wait(max(0, until_ns - model.now_ns))
