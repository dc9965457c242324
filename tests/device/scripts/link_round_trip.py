# native.link: a packet down in frames, a telecommand frame up, and the counters of both.
import native

link = getattr(native, "link", None) or native.Stack(lambda request: bytes(4)).link
packet = bytearray(300)
packet[0] = 0x08
packet[4] = (300 - 7) >> 8
packet[5] = (300 - 7) & 0xFF
for i in range(6, 300):
    packet[i] = i & 0xFF
frame = bytearray(223)
taken = link.tx_push(0, packet, 0, 300)
print(taken, link.tx_pending(0))
print(link.tx_frame(0, frame), native.crc16(frame, 0, 221), frame[221] << 8 | frame[222])
print(list(frame[:8]))
print(link.tx_push(0, packet, taken, 300) + taken)
print(link.tx_frame(0, frame), list(frame[:8]), link.tx_frame(1, frame), link.tx_pending(2))
print(link.tx_push(9, packet, 0, 300) < 0)

telecommand = bytearray(20)
size = 20
telecommand[0] = 0x20 | 0x02
telecommand[1] = 0xA5
telecommand[2] = 0
telecommand[3] = size - 1
telecommand[5] = 0xC0
telecommand[6] = 0x18
telecommand[7] = 1
telecommand[8] = 0xC0
telecommand[11] = 5
check = native.crc16(telecommand, 0, 18)
telecommand[18] = check >> 8
telecommand[19] = check & 0xFF
out = bytearray(64)
print(link.rx_frame(telecommand, size), link.rx_vc(), link.rx_packet(out), list(out[:12]))
print(link.rx_packet(out))
telecommand[10] ^= 1
print(link.rx_frame(telecommand, size))
print(link.rx_frame(telecommand, 4))
counters = bytearray(36)
link.counters_into(counters)
print(list(counters))
