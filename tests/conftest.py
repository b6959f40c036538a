"""Shared by every test: how Hypothesis searches, and which tests the database at hand can run.

`tests/settings.py` gives each run a VAR_DIR of its own. DATABASE_URL and REDIS_URL, where set, name the
servers to test against; else SQLite and an in-memory queue.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import TransactionTestCase
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from tests.emptying import empty_database

hypothesis_settings.register_profile(
    "default",
    deadline=None,
    derandomize=True,
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
hypothesis_settings.register_profile(
    "thorough", parent=hypothesis_settings.get_profile("default"), max_examples=2000
)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


ON_POSTGRESQL = settings.DATABASES["default"]["ENGINE"].endswith("postgresql")


@pytest.fixture(scope="session", autouse=True)
def emptied_quickly() -> Iterator[None]:
    """After a test that commits, PostgreSQL's tables are emptied in milliseconds."""
    with pytest.MonkeyPatch.context() as patch:
        if ON_POSTGRESQL:
            patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _: empty_database())
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Races are decided by row locks, which SQLite does not have: those tests wait for PostgreSQL."""
    if ON_POSTGRESQL:
        return
    for item in items:
        if item.get_closest_marker("postgres"):
            item.add_marker(pytest.mark.skip(reason="needs DATABASE_URL to name a PostgreSQL server"))
