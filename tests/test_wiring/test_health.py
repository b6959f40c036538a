"""/healthz says that the process answers; /readyz that database, Redis, sweep and triggers do their part."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from convoys.models import Sweep, triggers


def swept(ago: timedelta) -> None:
    Sweep.objects.update_or_create(name="detect", defaults={"last_success_at": timezone.now() - ago})


def test_healthz_asks_nothing_of_the_database(client: Client):
    # pytest-django fails this test if a query is made: it has not asked for a database.
    response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok\n")


@pytest.mark.django_db
class TestReady:
    @pytest.fixture(autouse=True)
    def _with_a_broker(self, broker_socket: Path, settings) -> None:
        settings.REDIS_URL = f"unix://{broker_socket}"

    def test_ready_when_all_is_well(self, client: Client):
        swept(timedelta(seconds=20))
        response = client.get("/readyz")
        assert response.status_code == 200
        told = response.json()
        assert told["ready"] is True
        assert told["checks"] == {"database": "ok", "redis": "ok", "sweep": "ok", "triggers": "ok"}
        assert told["ages"]["sweep_seconds"] >= 20
        assert told["ages"]["oldest_unsent_seconds"] is None
        assert told["counts"] == {"unsent": 0, "failed": 0, "nobody_to_tell": 0}

    def test_not_ready_before_the_first_sweep(self, client: Client):
        response = client.get("/readyz")
        assert response.status_code == 503
        assert response.json()["checks"]["sweep"] == "no sweep for due alerts has succeeded yet"

    def test_not_ready_when_the_sweep_is_old(self, client: Client):
        swept(timedelta(minutes=10))
        response = client.get("/readyz")
        assert response.status_code == 503
        assert response.json()["checks"]["sweep"].startswith("the last successful sweep for due alerts is 60")

    def test_not_ready_when_the_last_sweep_is_from_before_the_clock_was_set_back(self, client: Client):
        swept(-timedelta(days=8))
        assert client.get("/readyz").status_code == 503

    def test_not_ready_without_redis(self, client: Client, settings, tmp_path: Path):
        swept(timedelta(0))
        settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"
        response = client.get("/readyz")
        assert response.status_code == 503
        assert response.json()["checks"] == {
            "database": "ok",
            "redis": "Redis does not answer",
            "sweep": "ok",
            "triggers": "ok",
        }

    def test_not_ready_when_the_record_is_not_guarded(self, client: Client):
        swept(timedelta(0))
        triggers.remove(connection)
        try:
            response = client.get("/readyz")
        finally:
            triggers.install(connection)
        assert response.status_code == 503
        assert response.json()["checks"]["triggers"].startswith("triggers are missing: ")

    def test_strangers_may_ask_but_not_post(self, client: Client):
        assert client.post("/readyz").status_code == 405
