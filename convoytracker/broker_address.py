"""Where the embedded broker listens: a Unix socket that only its owner may use."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

LONGEST_SOCKET_PATH = 100  # the system's limit is 108 bytes on Linux and 104 on macOS


def socket_path(var_dir: Path) -> Path:
    """The socket in `var_dir`, or, where that path is too long, in a short folder that stands for it."""
    path = var_dir.resolve() / "broker.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    mark = hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
    return Path(tempfile.gettempdir()).resolve() / f"ct-{os.getuid()}-{mark}" / "broker.sock"
