"""Cipher, key slots, associations, persisted counters, telemetry, against OpenSSL's GCM."""

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from boards.obc_f405 import third_party
from native.linkcodec import ffi, lib
from tests.native.link_rig import (
    E_BADMSG,
    E_BUSY,
    E_INVAL,
    E_IO,
    E_NOSPC,
    E_STALE,
    LAST_IV,
    Memory,
    Receiver,
    iv_of,
    packet,
    secured,
)

KEY = bytes(range(7, 39))


def gcm_key(secret=KEY):
    key = ffi.new("mf_gcm_key_t *")
    lib.mf_gcm_key_set(key, secret)
    return key


@given(
    st.binary(min_size=32, max_size=32),
    st.binary(min_size=12, max_size=12),
    st.binary(max_size=40),
    st.binary(max_size=300),
)
def test_gcm_is_that_of_openssl(secret, iv, aad, data):
    buffer, tag = ffi.new("uint8_t[]", data + b"\0"), ffi.new("uint8_t[16]")
    key = gcm_key(secret)
    lib.mf_gcm_seal(key, iv, aad, len(aad), buffer, len(data), tag)
    sealed = bytes(ffi.buffer(buffer, len(data))) + bytes(tag)
    assert sealed == AESGCM(secret).encrypt(iv, data, aad)
    assert lib.mf_gcm_open(key, iv, aad, len(aad), buffer, len(data), tag)
    assert bytes(ffi.buffer(buffer, len(data))) == data


@given(st.binary(min_size=1, max_size=64), st.integers(0, 127))
def test_gcm_zeroes_what_is_not_genuine(data, bit):
    sealed = bytearray(AESGCM(KEY).encrypt(bytes(12), data, b""))
    sealed[len(data) + bit // 8] ^= 1 << bit % 8
    buffer = ffi.new("uint8_t[]", bytes(sealed))
    opened = lib.mf_gcm_open(gcm_key(), bytes(12), b"", 0, buffer, len(data), buffer + len(data))
    assert not opened and bytes(ffi.buffer(buffer, len(data))) == bytes(len(data))


def test_cipher_sources_are_the_pinned_ones():
    with (third_party.HERE / "third_party.toml").open("rb") as file:
        pins = third_party.tomllib.load(file)["bearssl"]
    tree = third_party.source_tree("bearssl")
    assert third_party.tree_sha256(tree, pins) == pins["tree_sha256"]


def keys():
    bank = ffi.new("mf_keys_t *")
    lib.mf_keys_reset(bank)
    return bank


def test_key_states():
    bank = keys()
    assert lib.mf_keys_state(bank, 0) == lib.MF_KEY_EMPTY
    assert lib.mf_keys_activate(bank, 0) == E_INVAL
    assert lib.mf_keys_load(bank, 0, KEY) == 0
    assert lib.mf_keys_state(bank, 0) == lib.MF_KEY_PREACTIVE
    assert lib.mf_keys_active(bank, 0) == ffi.NULL
    assert lib.mf_keys_load(bank, 0, bytes(KEY[::-1])) == E_BUSY
    assert lib.mf_keys_activate(bank, 0) == 0
    assert lib.mf_keys_active(bank, 0) != ffi.NULL
    assert lib.mf_keys_deactivate(bank, 0) == 0
    assert lib.mf_keys_active(bank, 0) == ffi.NULL
    assert lib.mf_keys_activate(bank, 0) == E_INVAL  # retired for good
    assert lib.mf_keys_destroy(bank, 0) == 0
    assert lib.mf_keys_state(bank, 0) == lib.MF_KEY_DESTROYED
    for call in (lib.mf_keys_activate, lib.mf_keys_destroy, lib.mf_keys_check, lib.mf_keys_state):
        assert call(bank, lib.MF_KEY_SLOTS) == E_INVAL
    assert lib.mf_keys_load(bank, lib.MF_KEY_SLOTS, KEY) == E_INVAL


def test_destroyed_key_leaves_nothing():
    bank = keys()
    lib.mf_keys_load(bank, 3, KEY)
    lib.mf_keys_destroy(bank, 3)
    assert set(bytes(ffi.buffer(bank.slot + 3))) <= {0, lib.MF_KEY_DESTROYED}


def test_one_key_one_slot_and_no_erased_memory():
    bank = keys()
    assert lib.mf_keys_load(bank, 0, KEY) == 0
    assert lib.mf_keys_load(bank, 1, KEY) == E_BADMSG
    for octet in (0x00, 0xFF):
        assert lib.mf_keys_load(bank, 1, bytes((octet,)) * 32) == E_BADMSG
    assert lib.mf_keys_state(bank, 1) == lib.MF_KEY_EMPTY


def test_flipped_bit_corrupts_a_key():
    bank = keys()
    lib.mf_keys_load(bank, 0, KEY)
    lib.mf_keys_activate(bank, 0)
    assert lib.mf_keys_check(bank, 0) == 0
    bank.slot[0].gcm.opaque[9] ^= 1 << 40
    assert lib.mf_keys_check(bank, 0) == E_BADMSG
    assert lib.mf_keys_state(bank, 0) == lib.MF_KEY_CORRUPTED
    assert lib.mf_keys_active(bank, 0) == ffi.NULL
    assert lib.mf_keys_load(bank, 0, KEY) == 0


def test_associations_are_set_up_strictly():
    board = Receiver()
    add = lib.mf_sdls_add
    sdls = board.sdls
    for spi in (0, 0xFFFF):
        assert add(sdls, spi, lib.MF_SA_TC, 0, 1, 10, 1) == E_INVAL
    assert add(sdls, 1, lib.MF_SA_TC, 0, 1, 10, 1) == E_BUSY
    assert add(sdls, 9, lib.MF_SA_TC, 0, 0, 10, 1) == E_INVAL  # no MAP
    assert add(sdls, 9, lib.MF_SA_TC, 0, 1, 16, 16) == E_INVAL  # a reset would pass the window
    assert add(sdls, 9, lib.MF_SA_TC, 0, 1, 17, 0) == E_INVAL
    assert add(sdls, 9, lib.MF_SA_TC, 64, 1, 17, 1) == E_INVAL
    assert add(sdls, 9, lib.MF_SA_TM, 8, 0, 0, 1) == E_INVAL
    for spi in range(10, 16):
        assert add(sdls, spi, lib.MF_SA_TM, 1, 0, 0, 1) >= 0
    assert add(sdls, 16, lib.MF_SA_TM, 1, 0, 0, 1) == E_NOSPC
    assert lib.mf_sdls_start(sdls, 10, 1) == E_INVAL  # unkeyed
    assert lib.mf_sdls_set_key(sdls, 10, 0) == E_BUSY  # the host's telecommand key
    assert lib.mf_sdls_set_key(sdls, 10, 9) == E_INVAL  # empty slot
    assert lib.mf_sdls_set_key(sdls, 99, 0) == E_INVAL
    assert lib.mf_sdls_set_key(sdls, 1, 0) == E_BUSY  # operational
    assert lib.mf_sdls_stop(sdls, 1) == 0 and lib.mf_sdls_stop(sdls, 1) == E_INVAL
    assert lib.mf_sdls_expire(sdls, 1) == 0 and board.sa(1).state == lib.MF_SA_UNKEYED
    assert lib.mf_sdls_set_key(sdls, 10, 0) == 0  # now it is free


def reset(board, **options):
    """The processor starts again; the memory stays."""
    return Receiver(board.memory, **options)


@pytest.mark.parametrize("reserve", [1, 16])
def test_no_iv_is_accepted_twice_over_resets(reserve):
    board, accepted, iv = Receiver(reserve=reserve), set(), 0
    for boot in range(30):
        for _ in range(boot % 5):
            assert board.receive(secured(packet(), iv)) == 12
            board.packets()
            accepted.add(iv)
            iv += 1
        board = reset(board, reserve=reserve)
        for old in accepted:
            assert board.receive(secured(packet(), old)) == E_BADMSG
        gap = iv_of(board.sa().next) - iv
        assert 0 <= gap < reserve  # with blocks of one nothing is lost
        iv += gap


def test_every_power_cut_while_saving_is_safe():
    """Cut after each octet of the record: the frame is accepted with its counter, or neither."""
    for cut in range(26):
        board = Receiver()
        board.receive(secured(packet(), 0))
        board.packets()
        board.memory.left = cut
        result = board.receive(secured(packet(), 1))
        assert (result == 12) == (cut >= 24)
        if result != 12:
            assert board.refused() == {"SDLS_NOT_SAVED": 1}
        board.memory.left = None
        again = reset(board)
        assert iv_of(again.sa().next) == (2 if cut >= 24 else 1)
        assert again.receive(secured(packet(), 0)) == E_BADMSG
        assert again.receive(secured(packet(), 2)) == 12


def test_lost_counters_do_not_start_from_zero():
    board = Receiver()
    board.receive(secured(packet(), 0))
    board.memory.readable = False
    again = reset(board)
    assert again.sa().state == lib.MF_SA_KEYED
    assert lib.mf_sdls_start(again.sdls, 1, 1) == E_IO
    again.memory.readable = True
    assert lib.mf_sdls_start(again.sdls, 1, 1) == E_IO  # would go back
    assert lib.mf_sdls_start(again.sdls, 1, 2) == 0  # a new key may
    assert again.receive(secured(packet(), 0)) == 12


def test_record_of_one_copy_is_enough():
    board = Receiver()
    for iv in range(5):
        board.receive(secured(packet(), iv))
        board.packets()
    for copy in (0, 1):
        memory = Memory()
        memory.data[:] = board.memory.data
        memory.data[16 + 24 * copy + 10] ^= 0xFF
        assert iv_of(Receiver(memory).sa().next) in (4, 5)
    memory.data[16:64] = bytes(48)  # both gone
    load = lib.mf_iv_store_load
    fresh = Receiver(board.memory)
    fresh.memory.data[16:64] = bytes(48)
    out, generation = ffi.new("uint8_t[12]"), ffi.new("uint32_t *")
    assert load(fresh.store, 0, 1, generation, out) == E_BADMSG
    assert load(fresh.store, lib.MF_SA_COUNT, 1, generation, out) == E_INVAL
    assert lib.mf_iv_store_save(fresh.store, lib.MF_SA_COUNT, 1, 1, bytes(12)) == E_INVAL


def telemetry(board, spi=11, vc=1, generation=1):
    """An association for telemetry with a key of its own."""
    lib.mf_keys_load(board.keys, 8, KEY)
    lib.mf_keys_activate(board.keys, 8)
    assert lib.mf_sdls_add(board.sdls, spi, lib.MF_SA_TM, vc, 0, 0, 64) >= 0
    assert lib.mf_sdls_set_key(board.sdls, spi, 8) == 0
    assert lib.mf_sdls_start(board.sdls, spi, generation) == 0


def protect(board, data, spi=11, vc=1):
    frame = bytearray(223)
    frame[0:6] = bytes((0x2A, 0x51 | vc << 1, 3, 4, 0x18, 0))
    frame[20:201] = data
    buffer = ffi.from_buffer("uint8_t[]", frame, require_writable=True)
    return lib.mf_sdls_protect_tm(board.sdls, spi, buffer), bytes(frame)


@given(st.binary(min_size=181, max_size=181))
def test_protected_telemetry_is_opened_by_the_ground(data):
    board = Receiver()
    telemetry(board)
    for count in range(3):
        status, frame = protect(board, data)
        assert status == 0
        assert frame[6:8] == b"\x00\x0b" and int.from_bytes(frame[8:20], "big") == count
        aad = bytes((0, frame[1] & 0x0E, 0, 0, 0, 0)) + frame[6:8] + bytes(12)
        assert AESGCM(KEY).decrypt(frame[8:20], frame[20:217], aad) == data
        with pytest.raises(InvalidTag):  # another channel
            AESGCM(KEY).decrypt(frame[8:20], frame[20:217], bytes((0, 4)) + aad[2:])
        assert frame[217:] == bytes(6)  # OCF and FECF come later


def test_telemetry_never_repeats_a_nonce():
    memory, seen = Memory(), set()
    for boot in range(12):
        board = Receiver(memory)
        if boot == 0:
            telemetry(board)
        else:
            lib.mf_keys_load(board.keys, 8, KEY)
            lib.mf_keys_activate(board.keys, 8)
            index = lib.mf_sdls_add(board.sdls, 11, lib.MF_SA_TM, 1, 0, 0, 64)
            lib.mf_sdls_set_key(board.sdls, 11, 8)
            board.begin(11, index)
        memory.left = 30 * boot  # the power goes while counters are saved
        for _ in range(70 * boot + 1):
            status, frame = protect(board, bytes(181))
            if status != 0:
                assert status == E_IO and frame[6:217] == bytes(211)
                break
            assert frame[8:20] not in seen
            seen.add(frame[8:20])
        memory.left = None
    assert len(seen) > 500


def test_telemetry_needs_its_own_association():
    board = Receiver()
    telemetry(board)
    assert protect(board, bytes(181), spi=1)[0] == E_INVAL  # a telecommand's
    assert protect(board, bytes(181), spi=77)[0] == E_INVAL
    assert protect(board, bytes(181), vc=2)[0] == E_INVAL
    lib.mf_sdls_stop(board.sdls, 11)
    assert protect(board, bytes(181))[0] == E_INVAL
    last = LAST_IV.to_bytes(12, "big")
    assert lib.mf_sdls_resume(board.sdls, 11, 1, last) == 0
    assert protect(board, bytes(181))[0] == E_STALE
    lib.mf_keys_destroy(board.keys, 8)
    assert protect(board, bytes(181))[0] == E_INVAL


def test_frames_of_telemetry_associations_are_no_telecommands():
    board = Receiver()
    telemetry(board)
    assert board.receive(secured(packet(), 0, spi=11, key=KEY, vc=1)) == E_BADMSG
    assert board.refused() == {"SDLS_UNKNOWN_SPI": 1}
