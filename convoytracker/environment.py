"""Reads the environment: plain values, values in files (`NAME_FILE`), and what production may not lack."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

KINDS = ("embedded", "demo", "test", "production")
REQUIRED = (
    "SECRET_KEY", "WEBHOOK_KEY", "SITE_URL", "DATABASE_URL", "REDIS_URL", "EMAIL_URL", "DEFAULT_FROM_EMAIL",
)  # fmt: skip
# Words that stand in examples and in other people's repositories: a secret that contains one is none.
PLACEHOLDERS = ("change-me", "changeme", "change_me", "django-insecure", "not-a-secret", "placeholder")
SHORTEST_KEY = 50


class Env(environ.FileAwareEnv):
    """`NAME`, or the contents of the file that `NAME_FILE` names, without the line end editors add.

    An empty value counts as missing: compose files pass on what is unset as the empty string.
    """

    def get_value(self, var, cast=None, default=environ.Env.NOTSET, parse_default=False):  # type: ignore[no-untyped-def]
        if not read(var, self.ENVIRON):
            if default is self.NOTSET:
                raise ImproperlyConfigured(f"{var} is not set.")
            return default
        value = super().get_value(var, cast=cast, default=default, parse_default=parse_default)
        return value.strip() if isinstance(value, str) else value

    def whole_number(self, name: str, default: int) -> int:
        """The value as a number of 0 or more; anything else is refused by name."""
        value = self.get_value(name, default="")
        if not value:
            return default
        if not value.isdecimal():
            raise ImproperlyConfigured(f"{name} is {value!r}; it must be a whole number.")
        return int(value)


def read(name: str, environment: Mapping[str, str]) -> str:
    """The value without surrounding space; "" where it is missing, or its file cannot be read."""
    try:
        return environment[name].strip()
    except (KeyError, OSError):
        return ""


def parted(keys: str) -> list[str]:
    """Several keys in one value, parted by commas or space."""
    return keys.replace(",", " ").split()


def is_weak(key: str) -> bool:
    return len(key) < SHORTEST_KEY or len(set(key)) < 10


def refuse_bad_production(environment: Mapping[str, str]) -> None:
    """Raise ImproperlyConfigured that names every value which production lacks or may not use."""
    values = {name: read(name, environment) for name in REQUIRED}
    missing = [name for name, value in values.items() if not value]
    faults = []
    if missing:
        faults.append(
            f"not set: {', '.join(missing)} (each may be given as NAME or, in a file, as NAME_FILE)"
        )
    secret = {**values, "DATABASE_PASSWORD": read("DATABASE_PASSWORD", environment)}
    defaults = [name for name, value in secret.items() if any(word in value.lower() for word in PLACEHOLDERS)]
    if defaults:
        faults.append(f"still the value of an example: {', '.join(defaults)}")
    webhook_keys = parted(values["WEBHOOK_KEY"])
    for name, keys in {"SECRET_KEY": [values["SECRET_KEY"]], "WEBHOOK_KEY": webhook_keys}.items():
        if name not in defaults and any(is_weak(key) for key in keys if key):
            faults.append(f"{name} is weak: it needs {SHORTEST_KEY} random characters or more")
    if values["SECRET_KEY"] and values["SECRET_KEY"] in webhook_keys:
        faults.append("WEBHOOK_KEY must be another than SECRET_KEY")
    if read("WEBHOOK_ALSO_ALLOWED", environment):
        faults.append("WEBHOOK_ALSO_ALLOWED is for development and tests")
    if values["SITE_URL"] and not values["SITE_URL"].startswith("https://"):
        faults.append("SITE_URL must begin with https://")
    if values["DATABASE_URL"] and not values["DATABASE_URL"].startswith(("postgres://", "postgresql://")):
        faults.append("DATABASE_URL must name a PostgreSQL database (postgres://...)")
    if faults:
        raise ImproperlyConfigured(
            "Production cannot start. " + "; ".join(faults) + ". See .env.example for every name."
        )


def kept_secret(path: Path) -> str:
    """The secret in this file; made once, readable by its owner alone.

    Written beside and linked into place, so that of several processes starting at once one wins
    and none reads half a key.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(64))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was first
        finally:
            draft.unlink()
    return path.read_text().strip()
