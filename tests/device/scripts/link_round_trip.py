# native.link: packets down in coded frames, octets up, and the counters of both.
import native

link = getattr(native, "link", None) or native.Stack(lambda request: bytes(4)).link
packet = bytearray(310)
packet[10] = 0x08
packet[14] = (300 - 7) >> 8
packet[15] = (300 - 7) & 0xFF
for i in range(16, 310):
    packet[i] = i & 0xFF
frame = bytearray(259)
taken = link.tx_push(0, packet, 10, 0, 300)
print(taken, link.tx_pending(0))
print(link.tx_frame(0, frame), native.crc16(frame, 0, 259))
print(list(frame))
print(link.tx_push(0, packet, 10, taken, 300) + taken)
print(link.tx_frame(0, frame), list(frame[:24]), link.tx_frame(0, frame), link.tx_pending(2))
print(link.tx_frame(7, frame), native.crc16(frame, 0, 259))
print(link.tx_push(9, packet, 0, 0, 300) < 0, link.tx_pending(4) < 0, link.tx_frame(8, frame) < 0)

# A control command, Set V(R) = 5 on channel 2, in a CLTU; then idle.
stream = bytearray(26)
words = (
    0xEB90,
    0xCD9C,
    0x9653,
    0x686B,
    0x06D4,
    0xF088,
    0xC47A,
    0xF464,
    0x0B84,
    0xC5C5,
    0xC5C5,
    0xC5C5,
    0xC579,
)
for i in range(26):
    stream[i] = words[i // 2] >> (8 - 8 * (i % 2)) & 0xFF
print(link.receive(stream, 0, len(stream)), link.outcome(), link.news())
for i in range(len(stream)):
    stream[i] = 0x55
print(link.receive(stream, 0, 20), link.outcome(), link.packet(frame))
counters = bytearray(68)
link.counters_into(counters)
print(list(counters))
channel = bytearray(96)
print(link.channel_into(2, channel), list(channel), link.channel_into(4, channel) < 0)
