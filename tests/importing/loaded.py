"""The case, loaded once for a whole module of tests that only read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import transaction
from django.test import override_settings
from pytest_django import DjangoDbBlocker

from convoys.services.demo import CASE
from convoys.services.importing.case import Loaded, load_case
from convoys.services.importing.tables import read_case


@pytest.fixture(scope="module")
def loaded_case(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Loaded]:
    """Load the case in one transaction around the module's tests, and take it back after them.

    The write path insists on the outermost transaction, but allows for one that a test holds.
    """
    with django_db_blocker.unblock(), override_settings(INSTANCE_TIME_ZONE="Asia/Tbilisi"):
        around = transaction.atomic()
        around._from_testcase = True  # type: ignore[attr-defined]
        around.__enter__()
        try:
            yield load_case(read_case(CASE))
        finally:
            transaction.set_rollback(True)
            around.__exit__(None, None, None)
