"""Bridges: what passes through them is what the world says; what breaks is said clearly."""

import os
import socket
import threading

import pytest

from sim.bridges import inprocess, pipe, tcp
from sim.bridges.stream import StreamBridge
from sim.errors import BridgeError
from sim.protocol import (
    Deframer,
    Request,
    decode_reply,
    encode_request,
    frame_encode,
)
from tests.sim.onboard import make

HELLO = encode_request(Request(1, 0, 0, 1, 0, b"\x01\x00\x00"))


def whoami(time_us):
    return encode_request(Request(2, 1, 0x0C, 2, time_us, b"\x00"))


def end(time_us=1_000_000):
    return encode_request(Request(2, 1, 0x0C, 0, time_us, b""))


def short_world():
    return make("duration_s=1", "crystal_ppm=0", hello=False).world


class Emulator:
    """Stands for the emulator's process; `code` None while it runs."""

    def __init__(self, code=None):
        self.code = code

    def poll(self):
        return self.code


def test_inprocess_is_the_world_itself():
    exchange = inprocess.connect(short_world())
    assert decode_reply(exchange(HELLO, 5), 1) == (0, b"\x01")
    assert decode_reply(exchange(whoami(5), 6), 2) == (0, b"\x48\x09")


class Firmware(threading.Thread):
    """Opens the pipes as the firmware does, sends messages, keeps the replies."""

    def __init__(self, directory, messages, reply_sizes, opens=1):
        super().__init__(daemon=True)
        self.directory, self.messages, self.sizes = directory, messages, reply_sizes
        self.opens = opens
        self.replies = []

    def run(self):
        for _ in range(self.opens):  # a reset closes and opens again
            tx = os.open(self.directory / "devbus.tx", os.O_WRONLY)
            rx = os.open(self.directory / "devbus.rx", os.O_RDONLY)
            for message, size in zip(self.messages, self.sizes, strict=True):
                pieces = message if isinstance(message, list) else [message]
                for piece in pieces:
                    os.write(tx, piece)
                reply = b""
                while len(reply) < size:
                    reply += os.read(rx, size - len(reply))
                self.replies.append(reply)
            os.close(tx)
            os.close(rx)


class TestPipe:
    def serve(self, world, directory, firmware, process=None, stall_s=20.0):
        with pipe.PipeBridge(directory) as bridge:
            firmware.start()
            bridge.serve(world, process or Emulator(), stall_s)
        firmware.join(20.0)
        assert not firmware.is_alive()

    def test_serves_until_finished(self, tmp_path):
        world = short_world()
        firmware = Firmware(tmp_path, [HELLO, whoami(100), end()], [5, 6, 4])
        self.serve(world, tmp_path, firmware)
        assert firmware.replies[1] == b"\x00\x00\x02\x00\x48\x09"
        assert world.finished and world.requests == 3

    def test_firmware_may_open_again_after_a_reset(self, tmp_path):
        world = short_world()
        messages = [HELLO, whoami(10), end(500_000)]
        firmware = Firmware(tmp_path, messages, [5, 6, 4], opens=2)
        self.serve(world, tmp_path, firmware)
        assert len(world.boots) == 2
        assert firmware.replies[4] == b"\x00\x00\x02\x00\x48\x09"

    def test_message_in_pieces(self, tmp_path):
        message = whoami(100)
        firmware = Firmware(tmp_path, [HELLO, [message[:7], message[7:]], end()], [5, 6, 4])
        self.serve(short_world(), tmp_path, firmware)
        assert firmware.replies[1][4:] == b"\x48\x09"

    def test_prepare_may_be_called_before_and_again(self, tmp_path):
        pipe.prepare(tmp_path / "run")
        pipe.prepare(tmp_path / "run")
        assert (tmp_path / "run" / "devbus.tx").is_fifo()
        assert (tmp_path / "run" / "devbus.rx").is_fifo()

    def test_end_of_the_emulator_is_reported(self, tmp_path):
        with pytest.raises(BridgeError, match="ended with code 3 at 0.0 s"):
            pipe.serve(short_world(), tmp_path, Emulator(3))

    def test_silence_is_reported(self, tmp_path):
        with pytest.raises(BridgeError, match="sent no request for 0.1 s of wall time"):
            pipe.serve(short_world(), tmp_path, Emulator(), stall_s=0.1)

    def test_nonsense_is_reported(self, tmp_path):
        with pipe.PipeBridge(tmp_path) as bridge:
            tx = os.open(tmp_path / "devbus.tx", os.O_WRONLY)
            os.write(tx, b"\xff" * 40)
            with pytest.raises(BridgeError, match="no valid request"):
                bridge.serve(short_world(), Emulator(), 5.0)
            os.write(tx, HELLO + HELLO)
            with pytest.raises(BridgeError, match="second request before it had the reply"):
                bridge.serve(short_world(), Emulator(), 5.0)
            os.close(tx)


def ask(connection, message, size):
    connection.sendall(message)
    reply = b""
    while len(reply) < size:
        part = connection.recv(size - len(reply))
        assert part
        reply += part
    return reply


class TestTcp:
    def run(self, world, client, **options):
        server = tcp.listen()
        port = server.getsockname()[1]
        results, errors = [], []

        def serve():
            try:
                tcp.serve(world, server, **options)
            except BridgeError as error:
                errors.append(str(error))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        client(port, results)
        thread.join(20.0)
        assert not thread.is_alive()
        return results, errors

    def test_several_connections_drive_one_world(self):
        world = short_world()

        def client(port, results):
            one = socket.create_connection(("127.0.0.1", port))
            two = socket.create_connection(("127.0.0.1", port))
            results.append(ask(one, HELLO, 5))
            results.append(ask(two, whoami(10), 6))
            one.close()
            message = whoami(20)
            two.sendall(message[:9])
            results.append(ask(two, message[9:], 6))
            results.append(ask(two, end(), 4))
            two.close()

        results, errors = self.run(world, client)
        assert errors == []
        assert results[0] == b"\x00\x00\x01\x00\x01"
        assert results[1] == results[2] == b"\x00\x00\x02\x00\x48\x09"
        assert world.finished and world.requests == 4

    def test_end_and_silence_are_reported(self):
        def nobody(port, results):
            del port, results

        _, errors = self.run(short_world(), nobody, process=Emulator(9))
        assert errors == ["the emulator ended with code 9 at 0.0 s of world time, after 0 requests"]
        _, errors = self.run(short_world(), nobody, stall_s=0.05)
        assert "no request for 0.05 s of wall time" in errors[0]

    def test_nonsense_is_reported(self):
        def client(port, results):
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.sendall(b"\xff" * 16)
                results.append(connection.recv(1))

        results, errors = self.run(short_world(), client)
        assert results == [b""]
        assert "no valid request" in errors[0]

    def test_port_in_use(self):
        with tcp.listen() as server, pytest.raises(BridgeError, match="cannot listen on port"):
            tcp.listen(server.getsockname()[1])


class TestStream:
    def test_requests_and_replies_in_any_pieces(self):
        bridge = StreamBridge(short_world())
        stream = frame_encode(HELLO) + frame_encode(whoami(10))
        out = b"".join(bridge.feed(stream[i : i + 3]) for i in range(0, len(stream), 3))
        replies = Deframer().feed(out)
        assert [decode_reply(replies[0], 1), decode_reply(replies[1], 2)] == [
            (0, b"\x01"),
            (0, b"\x48\x09"),
        ]

    def test_damaged_request_is_dropped_and_its_repetition_answered(self):
        bridge = StreamBridge(short_world())
        bridge.feed(frame_encode(HELLO))
        damaged = bytearray(frame_encode(whoami(10)))
        damaged[5] ^= 0x10
        assert bridge.feed(bytes(damaged)) == b""
        assert bridge.errors == 1
        assert Deframer().feed(bridge.feed(frame_encode(whoami(10)))) == [
            b"\x00\x00\x02\x00\x48\x09"
        ]

    def test_repetition_after_a_lost_reply_does_not_act_twice(self):
        world = short_world()
        bridge = StreamBridge(world)
        bridge.feed(frame_encode(HELLO))
        world.spacecraft.radio.receive(b"abc")
        pop = frame_encode(encode_request(Request(2, 2, 0x34, 3, 50, b"\x09")))
        first = bridge.feed(pop)
        assert bridge.feed(pop) == first
        assert bridge.repeats == 1
        assert decode_reply(Deframer().feed(first)[0], 3) == (0, b"abc")

    def test_two_boots_that_say_hello_alike_are_two_boots(self):
        world = short_world()
        bridge = StreamBridge(world)
        bridge.feed(frame_encode(HELLO))
        bridge.feed(frame_encode(HELLO))
        assert len(world.boots) == 2
