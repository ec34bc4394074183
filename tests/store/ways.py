"""Ways in which a byte of a bytearray can be changed."""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import threading

from greenflow._pages import address_of


def by_index(value: bytearray, at: int) -> None:
    value[at] ^= 1


def _by_pack(value: bytearray, at: int) -> None:
    struct.pack_into("B", value, at, value[at] ^ 1)


def _by_view(value: bytearray, at: int) -> None:
    with memoryview(value) as view:
        view[at] ^= 1


def _by_read(value: bytearray, at: int) -> None:
    with memoryview(value) as view, open("/dev/zero", "rb", buffering=0) as file:
        assert file.readinto(view[at : at + 1]) == 1


def _by_preadv(value: bytearray, at: int) -> None:
    file = os.open("/dev/zero", os.O_RDONLY)
    with memoryview(value) as view:
        os.preadv(file, [view[at : at + 1]], 0)
    os.close(file)


def _by_socket(value: bytearray, at: int) -> None:
    one, other = socket.socketpair()
    with one, other, memoryview(value) as view:
        one.send(bytes([value[at] ^ 1]))
        assert other.recv_into(view[at : at + 1]) == 1


def _by_memset(value: bytearray, at: int) -> None:
    ctypes.memset(address_of(value) + at, value[at] ^ 1, 1)


def _by_own_memory(value: bytearray, at: int) -> None:
    with open("/proc/self/mem", "r+b", buffering=0) as file:
        os.pwrite(file.fileno(), bytes([value[at] ^ 1]), address_of(value) + at)


def _by_thread(value: bytearray, at: int) -> None:
    thread = threading.Thread(target=by_index, args=(value, at))
    thread.start()
    thread.join()


def _after_fork(value: bytearray, at: int) -> None:
    child = os.fork()
    if not child:
        value[:] = bytes(len(value))  # the child's own pages from here on
        os._exit(0)
    os.waitpid(child, 0)
    value[at] ^= 1


def _by_another_process(value: bytearray, at: int) -> None:
    place, own = address_of(value) + at, os.getpid()
    child = os.fork()
    if not child:
        with open(f"/proc/{own}/mem", "r+b", buffering=0) as file:
            os.pwrite(file.fileno(), bytes([value[at] ^ 1]), place)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


WAYS = [
    by_index,
    _by_pack,
    _by_view,
    _by_read,
    _by_preadv,
    _by_socket,
    _by_memset,
    _by_own_memory,
    _by_thread,
    _after_fork,
    _by_another_process,
]
