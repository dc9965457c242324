"""Deliberate mistakes in the USART driver: the models must notice every one of them."""

from __future__ import annotations

import pytest

from tests.stm32.usart_models import FE, RenodeUsart, SiliconUsart
from tests.stm32.usart_rig import RING, UART_WRITE, Rig, clean

# An error in a model must fail the test, though cffi swallows it on its way through C.
pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")

MODELS: dict[str, type[SiliconUsart]] = {"silicon": SiliconUsart, "renode": RenodeUsart}


def exercise(model: SiliconUsart, replace: list[tuple[str, str]]) -> None:
    """One short run over everything the driver does; AssertionError when something is wrong."""
    rig = Rig(model, replace)
    assert rig.model.violations == []
    data = bytes(i * 3 % 256 for i in range(RING + 10))
    rig.model.feed(data)
    rig.settle()
    assert rig.read(300) == data[:RING] and rig.usart.lost == 10
    for count in (200, 100):
        rig.model.feed(data[:count])
        assert rig.write(b"\x01\x02\x03") == 3
        assert rig.read() == data[:count]
    assert bytes(model.sent) == b"\x01\x02\x03" * 2
    if not isinstance(model, RenodeUsart):
        rig.model.feed(b"a")
        rig.model.feed(b"b", errors=FE)
        rig.settle()
        assert rig.read() == b"a"
    xfer = rig.transfer(UART_WRITE, b"abcdef")
    rig.submit(xfer)
    rig.lib.mf_bus_seize(rig.bus)
    rig.settle()
    assert rig.write(b"z") == 1
    clean(rig)


# Name: what is replaced, by what.
MISTAKES = {
    "the interrupt of the transmitter left on": ("        quiet(usart); /*", "        /*"),
    "written before the byte is in its place": (
        "usart->written % MF_STM32_USART_RING] = byte",
        "(usart->written + 1u) % MF_STM32_USART_RING] = byte",
    ),
    "a full ring overwritten": (
        "usart->written - usart->taken >= MF_STM32_USART_RING",
        "usart->written - usart->taken > MF_STM32_USART_RING",
    ),
    "second part of the ring forgotten": ("memcpy(&out[first], usart->ring, count - first);", ""),
    "framing error kept": ("usart->framing++;\n        return;", "usart->framing++;"),
    "rate set while enabled": (
        "reg_write(usart, MF_STM32_USART_BRR, divider);\n"
        "    reg_write(usart, MF_STM32_USART_CR1, CR1_LISTEN);",
        "reg_write(usart, MF_STM32_USART_CR1, CR1_LISTEN);\n"
        "    reg_write(usart, MF_STM32_USART_BRR, divider);",
    ),
    "receiver off while writing": ("CR1_LISTEN | CR1_TXEIE", "CR1_UE | CR1_TE | CR1_TXEIE"),
    "write not looked at before": (
        "usart->bus != NULL && (sr & SR_TXE) != 0",
        "usart->bus != NULL",
    ),
    "data register read without a cause": (
        "bool come = (sr",
        "bool come = (reg_read(usart, MF_STM32_USART_DR), sr",
    ),
    "started with interrupts on": ("lock = mf_port_irq_lock();", "lock = 0;"),
}


def test_the_driver_as_it_is_passes() -> None:
    for model in MODELS.values():
        exercise(model(), [])


@pytest.mark.parametrize("mistake", sorted(MISTAKES))
def test_mistake_is_noticed(mistake: str) -> None:
    noticed = []
    for name in sorted(MODELS):
        try:
            exercise(MODELS[name](), [MISTAKES[mistake]])
        except AssertionError:
            noticed.append(name)
    assert noticed, f"{mistake}: neither model noticed"
