"""Which code answers: two processes of one release say the same, another release says something else."""

from __future__ import annotations

import hashlib
import zoneinfo
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from django.conf import settings

# What shapes an answer: our own files, the frames that render it, and the rules of time zones.
SHAPING = ("accounts", "convoys", "convoytracker", "locale")
KINDS = frozenset({".py", ".mo", ".csv", ".json"})
FRAMES = ("Django", "djangorestframework", "tzdata")
ZONE_RULES = ("tzdata.zi", "+VERSION")


@cache
def release() -> str:
    """A digest over all of it, read once in the life of a process. Nobody has to count it up."""
    digest = hashlib.sha256()
    for folder in SHAPING:
        for path in sorted((Path(settings.BASE_DIR) / folder).rglob("*")):
            if path.suffix in KINDS and path.is_file():
                digest.update(str(path.relative_to(settings.BASE_DIR)).encode() + b"\0")
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    for name in FRAMES:
        digest.update(f"{name} {_version(name)}\n".encode())
    digest.update(_zone_rules().encode())
    return digest.hexdigest()[:32]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _zone_rules() -> str:
    """The first line of the system's zone database, which names its version."""
    for folder in zoneinfo.TZPATH:
        for name in ZONE_RULES:
            path = Path(folder) / name
            if path.is_file():
                with path.open(encoding="ascii", errors="replace") as file:
                    return file.readline()
    return ""
