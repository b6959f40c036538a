"""Mail backend of an embedded instance: every message becomes one `.eml` file."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

_count = itertools.count()


class EmailBackend(BaseEmailBackend):
    """Write messages to EMAIL_FILE_PATH. Names sort by time; a file appears whole or not at all."""

    def __init__(self, *args: Any, file_path: str | Path | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.folder = Path(file_path or settings.EMAIL_FILE_PATH)

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for message in email_messages:
            self._write(message.message().as_bytes())
        return len(email_messages)

    def _write(self, contents: bytes) -> None:
        moment = time.time_ns()
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(moment // 1_000_000_000))
        name = f"{stamp}.{moment % 1_000_000_000:09d}-{os.getpid()}-{next(_count)}.eml"
        draft = self.folder / f".{name}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(contents)
        draft.replace(self.folder / name)
