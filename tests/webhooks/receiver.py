"""A real HTTP server for the tests, with or without TLS, which can be told how to behave."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Call:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """Keeps every call. `answers` are taken one a call, then all are answered 204.

    An answer is (status, headers), or one of: SILENT (says nothing), RESET (breaks the connection
    off), SLOW_BODY and HUGE_BODY (200, then a body that does not end), SLOW_HEAD (a header that does
    not end), NOT_HTTP.
    """

    SILENT, RESET, SLOW_BODY, HUGE_BODY, SLOW_HEAD, NOT_HTTP = (
        "silent", "reset", "slow body", "huge body", "slow head", "not http",
    )  # fmt: skip

    def __init__(self, context: ssl.SSLContext | None = None, address: str = "127.0.0.1") -> None:
        self.calls: list[Call] = []
        self.answers: list[str | tuple[int, dict[str, str]]] = []
        self.always: str | tuple[int, dict[str, str]] = (204, {})
        self.connections = 0
        self.stopping = threading.Event()
        self.scheme = "https" if context else "http"
        server_class = type(
            "Server", (_Server,), {"address_family": socket.AF_INET6 if ":" in address else 2}
        )
        self._server = server_class((address, 0), _handler_for(self))
        if context is not None:
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def url(self, host: str = "127.0.0.1", path: str = "/hook") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    def stop(self) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that hangs up is what these tests are about."""


def _handler_for(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            receiver.connections += 1

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.calls.append(Call(self.path, headers, body))
            answer = receiver.answers.pop(0) if receiver.answers else receiver.always
            if isinstance(answer, tuple):
                self._answer(*answer)
            else:
                self._misbehave(answer)

        def do_GET(self) -> None:
            receiver.calls.append(Call(self.path, {}, b"GET"))
            self._answer(200, {})

        def _answer(self, status: int, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": "0", **headers}.items():
                self.send_header(name, value)
            self.end_headers()

        def _misbehave(self, how: str) -> None:
            self.close_connection = True
            match how:
                case Receiver.SILENT:
                    receiver.stopping.wait(30)
                case Receiver.RESET:
                    linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    self.connection.close()
                case Receiver.NOT_HTTP:
                    self.wfile.write(b"220 mail.internal ESMTP\r\n")
                case Receiver.SLOW_HEAD:
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                    self._drip(b"a", 0.05)
                case Receiver.SLOW_BODY:
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
                    self._drip(b"a", 0.05)
                case Receiver.HUGE_BODY:
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                    self._drip(b"10000\r\n" + b"a" * 65536 + b"\r\n", 0)

        def _drip(self, what: bytes, pause: float) -> None:
            while not receiver.stopping.is_set():
                self.wfile.write(what)
                self.wfile.flush()
                time.sleep(pause)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
