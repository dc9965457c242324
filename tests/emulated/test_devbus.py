"""The semihosting pipe: hello, transfers, errors, and the reset line of the world."""

import os
import select
import struct
import subprocess

from tests.emulated import qemu

HEADER = struct.Struct("<BBHHHQ")
HELLO, I2C, WATCHDOG = 1, 2, 8
E_NODEV, E_RESET = -19, -104


class Host:
    """Answers requests of one emulator run and keeps them: (op, bus, address, tx, rx_len, us)."""

    def __init__(self, folder, answer):
        self.requests = []
        self.folder = folder
        self.answer = answer
        for name in ("devbus.tx", "devbus.rx"):
            os.mkfifo(folder / name)

    def run(self, text):
        """Run a script until it ends the emulator; its console."""
        source = self.folder / "script.py"
        source.write_text(text)
        script = qemu.compile_script(source, self.folder)
        command = qemu.command(qemu.firmware(), "-append", f"run={script.name}")
        incoming = os.open(self.folder / "devbus.tx", os.O_RDWR)
        outgoing = os.open(self.folder / "devbus.rx", os.O_RDWR)
        poll = select.poll()
        poll.register(incoming, select.POLLIN)
        with subprocess.Popen(command, cwd=self.folder) as process:
            while process.poll() is None:
                if poll.poll(100):
                    os.write(outgoing, self.reply(os.read(incoming, 400)))
        os.close(incoming)
        os.close(outgoing)
        assert process.returncode == 0
        return (self.folder / qemu.CONSOLE).read_text()

    def reply(self, message):
        """One whole request is one write of the firmware, so one read here."""
        op, bus, address, tx_len, rx_len, time_us = HEADER.unpack_from(message)
        tx = message[HEADER.size :]
        assert len(tx) == tx_len
        self.requests.append((op, bus, address, tx, rx_len, time_us))
        status, data = self.answer(self.requests[-1])
        return struct.pack("<hH", status, len(data)) + data.ljust(rx_len, b"\0")

    def of(self, op):
        return [request for request in self.requests if request[0] == op]


def quiet(request):
    """A world with nothing on its buses."""
    op, _, _, _, rx_len, _ = request
    if op == HELLO:
        return 0, b"\x01"
    return (0, b"") if op == WATCHDOG else (E_NODEV, b"")


def test_hello_comes_first_and_time_never_runs_back(tmp_path):
    host = Host(tmp_path, quiet)
    host.run("import obc\nobc.clock.sleep_until(2050)\n")
    op, _, _, tx, rx_len, _ = host.requests[0]
    assert (op, tx, rx_len) == (HELLO, bytes([1, 1, 0]), 1)
    assert len(host.of(HELLO)) == 1
    times = [request[5] for request in host.requests]
    assert times == sorted(times)
    kicks = [(struct.unpack("<I", tx)[0], us) for _, _, _, tx, _, us in host.of(WATCHDOG)]
    assert [tick for tick, _ in kicks] == list(range(5, 21))
    assert all(0 <= us - tick * 100000 < 1000 for tick, us in kicks)


def test_transfers_carry_bytes_both_ways(tmp_path):
    def answer(request):
        if request[:3] == (I2C, 2, 0x48):
            return 0, bytes(range(request[4]))
        return quiet(request)

    host = Host(tmp_path, answer)
    console = host.run(
        """
import native
bus = native.I2C(2)
buf = bytearray(3)
bus.readfrom_mem_into(0x48, 7, buf)
print(list(buf))
bus.writeto_mem(0x48, 9, b"ab")
bus.writeto(0x48, b"xyz")
bus.readfrom_into(0x48, buf)
try:
    bus.writeto(0x49, b"")
except OSError as error:
    print(error.args[0])
"""
    )
    assert console == "[0, 1, 2]\n19\n"
    ours = [request[1:5] for request in host.of(I2C) if request[2] in (0x48, 0x49)]
    assert ours == [
        (2, 0x48, b"\x07", 3),
        (2, 0x48, b"\x09ab", 0),
        (2, 0x48, b"xyz", 0),
        (2, 0x48, b"", 3),
        (2, 0x49, b"", 0),
    ]


def test_the_world_can_pull_the_reset_line(tmp_path):
    def answer(request):
        if request[:3] == (I2C, 2, 0x48) and len(host.of(HELLO)) == 1:
            return E_RESET, b""
        return quiet(request)

    host = Host(tmp_path, answer)
    console = host.run(
        """
import native, obc
obc.clock.sleep_until(300)
if obc.boot_count() == 1:
    native.I2C(2).writeto(0x48, b"x")
print(obc.boot_count(), obc.reset_cause())
"""
    )
    assert console == "2 2\n"
    hellos = host.of(HELLO)
    assert [tx[1] for _, _, _, tx, _, _ in hellos] == [1, 2]
    assert hellos[1][5] < 10000, "onboard time starts anew with every boot"


def test_host_that_refuses_the_hello_leaves_no_devices(tmp_path):
    host = Host(tmp_path, lambda request: (-22, b""))
    console = host.run("import native\nprint(native.radio.probe())\n")
    assert console == "-19\n"
    # Boot block and image have asked once each, and nobody again.
    assert [request[3][1] for request in host.requests] == [1, 1]


def test_flight_build_says_so_and_ignores_scripts(tmp_path):
    """The hello carries the flight flag; a script on the command line is not looked at."""
    host = Host(tmp_path, quiet)
    (tmp_path / "script.mpy").write_bytes(b"not even code")
    command = qemu.command(qemu.firmware("flight"), "-append", "run=script.mpy")
    incoming = os.open(tmp_path / "devbus.tx", os.O_RDWR)
    outgoing = os.open(tmp_path / "devbus.rx", os.O_RDWR)
    with subprocess.Popen(command, cwd=tmp_path) as process:
        while len(host.of(WATCHDOG)) < 20:
            os.write(outgoing, host.reply(os.read(incoming, 400)))
        assert process.poll() is None
        process.kill()
    os.close(incoming)
    os.close(outgoing)
    assert [tx for _, _, _, tx, _, _ in host.of(HELLO)] == [bytes([1, 1, 1])]
