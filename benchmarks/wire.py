"""A bare keep-alive HTTP/1.1 client: what a load generator needs, and little enough not to be what is measured."""

from __future__ import annotations

import socket
from collections.abc import Mapping

READ = 262_144


def get_bytes(path: str, host: str = "127.0.0.1") -> bytes:
    """A GET request, ready to send."""
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


def post_bytes(path: str, body: bytes, headers: Mapping[str, str], host: str = "127.0.0.1") -> bytes:
    """A POST request, ready to send."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n{lines}\r\n"
    return head.encode() + body


def connect(port: int) -> socket.socket:
    """A connection to a server on this machine."""
    made = socket.create_connection(("127.0.0.1", port), timeout=30)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def length_of(received: bytes | bytearray) -> int | None:
    """How long the answer is, head and body, once its head is there.

    None before that. Raises ValueError for an answer that does not say its length.
    """
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = bytes(received[:end]).lower()
    at = head.find(b"\r\ncontent-length:")
    if at < 0:
        raise ValueError(f"an answer without a length: {head!r}")
    line_end = head.find(b"\r\n", at + 2)
    return end + 4 + int(head[at + 17 : line_end if line_end > 0 else end])


def status_of(received: bytes | bytearray) -> int:
    """The status code of an answer."""
    return int(received[9:12])


class Client:
    """One connection, one request at a time. A broken connection is opened again by the next request."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None

    def send(self, request: bytes) -> tuple[int, bytes]:
        """Send ready-made bytes; returns the status and the body. Raises OSError."""
        if self._socket is None:
            self._socket = connect(self._port)
        try:
            self._socket.sendall(request)
            received = bytearray()
            wanted: int | None = None
            while wanted is None or len(received) < wanted:
                part = self._socket.recv(READ)
                if not part:
                    raise ConnectionResetError("the server closed the connection")
                received += part
                wanted = wanted or length_of(received)
        except OSError:
            self.close()
            raise
        return status_of(received), bytes(received[received.find(b"\r\n\r\n") + 4 :])

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
