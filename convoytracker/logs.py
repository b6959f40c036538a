"""Logging: one line a record, with the request's id, without personal data."""

from __future__ import annotations

import logging
import re
from contextvars import ContextVar
from typing import Any

# The id of the request or task that is being served; "-" outside of one.
request_id: ContextVar[str] = ContextVar("request_id", default="-")

_ADDRESS = re.compile(r"[^\s<>\"'@=:,;]+@[^\s<>\"'@,;]+\.[^\s<>\"'@,;]+")
_PERSONAL_LINK = re.compile(r"(/(?:u|a|ack|key|reset)/)[^\s/\"']+")


class RequestIdFilter(logging.Filter):
    """Put the current request's id on every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        return True


class StrangersInBriefFilter(logging.Filter):
    """What strangers send that no form of ours does is one line: its traceback says nothing of us."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("django.security"):
            record.exc_info = record.exc_text = None
        return True


class OneLineFormatter(logging.Formatter):
    """A record with its traceback on one line; mail addresses and personal links are taken out."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        text = _ADDRESS.sub("(address)", _PERSONAL_LINK.sub(r"\1(token)", text))
        return text.replace("\r", "").replace("\n", " | ")


def logging_settings(level: str) -> dict[str, Any]:
    """Django's LOGGING for this level; everything goes to standard error."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {
            "request_id": {"()": "convoytracker.logs.RequestIdFilter"},
            "strangers_in_brief": {"()": "convoytracker.logs.StrangersInBriefFilter"},
        },
        "formatters": {
            "line": {
                "()": "convoytracker.logs.OneLineFormatter",
                "format": "%(asctime)s %(levelname)s %(request_id)s %(name)s: %(message)s",
                "datefmt": "%Y-%m-%dT%H:%M:%S",
            }
        },
        "handlers": {
            "lines": {
                "class": "logging.StreamHandler",
                "filters": ["request_id", "strangers_in_brief"],
                "formatter": "line",
            }
        },
        "root": {"handlers": ["lines"], "level": level},
        "loggers": {
            # Replaces Django's own handlers, which would print each record a second time.
            "django": {"handlers": [], "level": level, "propagate": True},
            # 4xx are in the request log already; this one adds the traceback of a 5xx.
            "django.request": {"level": "ERROR"},
            "django.security.DisallowedHost": {"level": "CRITICAL"},
            # It names the path, and a 403 is in the request log already.
            "django.security.csrf": {"level": "ERROR"},
            # One line for each sweep, twice a minute for ever, says nothing.
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.worker.request": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
            "celery.beat": {"level": "WARNING"},
        },
    }
