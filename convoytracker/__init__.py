"""Wiring only: settings, addresses, the task queue, health, and the supervisor of an embedded instance."""

from convoytracker.celery import app as celery_app

__all__ = ["celery_app"]
