"""A flash memory of the simulator, on a wire of its own."""

from sim.devices.w25q128 import W25q128
from sim.faults import FaultSet

ERASED = b"\xff"
ERASES = {0x20: (4096, 45_000), 0x52: (32768, 120_000), 0xD8: (65536, 150_000)}


class Wire:
    """A flash and its clock."""

    def __init__(self, *faults):
        self.faults = FaultSet(faults)
        self.faults.advance(0.0)
        self.part = W25q128("w25q128", self.faults)

    def send(self, *data, rx=0):
        return self.part.transfer(bytes(data), rx)

    def wait(self, time_us):
        self.part.time_us += time_us

    def status(self, code=0x05):
        return self.send(code, rx=1)[0]

    def read(self, address, size):
        return self.part.transfer(b"\x03" + address.to_bytes(3, "big"), size)

    def begin(self, code, address, data=b""):
        self.send(0x06)
        self.part.transfer(bytes((code,)) + address.to_bytes(3, "big") + data, 0)

    def program(self, address, data):
        self.begin(0x02, address, data)
        self.wait(700)

    def erase(self, address, code=0x20):
        self.begin(code, address)
        self.wait(ERASES[code][1])

    def set_status(self, value, code=0x01):
        self.send(0x06)
        self.send(code, value)
        self.wait(10_000)
