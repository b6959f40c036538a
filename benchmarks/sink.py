"""A mail server that accepts everything and keeps nothing, in a process of its own.

`STAT` answers how many mails it took since the last `STAT`, and when it took the first of them, by the
clock that all processes of a machine share.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from types import TracebackType
from typing import Self

END_OF_MAIL = b"\r\n.\r\n"
HELLO = b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n"


class Sink:
    """Starts the server; `with` it mails can be sent to `port`."""

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "benchmarks.sink"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()

    def taken(self) -> tuple[int, float]:
        """How many mails were accepted since the last question, and when the first was."""
        with socket.create_connection(("127.0.0.1", self.port)) as line:
            line.sendall(b"STAT\r\nQUIT\r\n")
            answer = b""
            while chunk := line.recv(4096):
                answer += chunk
        _, count, first = answer.splitlines()[1].split()
        return int(count), float(first)


class _Server:
    def __init__(self) -> None:
        self.count, self.first = 0, 0.0

    def take(self) -> None:
        self.first = self.first if self.count else time.monotonic()
        self.count += 1

    def stat(self) -> bytes:
        answer = f"250 {self.count} {self.first}\r\n".encode()
        self.count = 0
        return answer

    def serve(self, line: socket.socket) -> None:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line.sendall(b"220 sink\r\n")
        waiting, in_mail = b"", False
        while chunk := line.recv(1 << 18):
            waiting += chunk
            answer = b""
            while (end := waiting.find(END_OF_MAIL if in_mail else b"\r\n")) >= 0:
                if in_mail:
                    waiting, in_mail = waiting[end + len(END_OF_MAIL) :], False
                    self.take()
                    answer += b"250 taken\r\n"
                    continue
                verb, waiting = waiting[:4].upper(), waiting[end + 2 :]
                in_mail = verb == b"DATA"
                if verb == b"QUIT":
                    line.sendall(answer + b"221 bye\r\n")
                    line.close()
                    return
                special = {b"DATA": b"354 go on\r\n", b"EHLO": HELLO}
                answer += self.stat() if verb == b"STAT" else special.get(verb, b"250 OK\r\n")
            if answer:
                line.sendall(answer)


def main() -> None:
    server, listener = _Server(), socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        line, _ = listener.accept()
        threading.Thread(target=server.serve, args=(line,), daemon=True).start()


if __name__ == "__main__":
    main()
