"""Rows that are shown by the short way are those that REST framework shows."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework import serializers

from convoys.api.serializers.rows import RowSerializer
from convoys.models import Route
from convoys.services.changes import Claim, Target, agreement, control_point
from convoys.services.erasing import erase_words
from tests import factories as make
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db

PATHS = (
    "convoys?as_of=2026-03-09", "convoys?expand=sponsors,route,places", "convoys/C-1?as_of=2026-03-09",
    "convoys/C-1?fields=reference,events,claims,episodes,cargo_account,cargo", "events?page_size=500",
    "events?kind=held", "routes", "routes/main", "control-points", "control-points/bridge", "organisations",
    "agreements/passage", "episodes",
)  # fmt: skip


@pytest.mark.parametrize("who", [make.viewer, make.partner])
def test_the_short_way_shows_what_rest_framework_shows(who: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cargo = [{"category": "food", "description": "Flour", "tonnes_low": "40.000", "tonnes_high": "40.000"}]
    ref = make.make_held_convoy(declares={"cargo": cargo}, visible_to=["aid_society"])
    event, claim = make.apply(make.record(ref, "seen", "2026-03-03", place="junction")).sequences[0]
    make.apply(Claim(Target(chain=claim), make.account(stance="denies", is_confidential=True)))
    make.apply(Claim(Target(chain=event), make.account(alleged_tonnes_low="3", alleged_place="hamlet")))
    make.tell(ref, "delivered", "2026-03-05", place="valley")
    make.tell(control_point("bridge"), "access_changed", "2026-03-01", access="closed")
    make.agreement().routes.set(Route.objects.all())
    make.tell(agreement("passage"), "discussed", "2026-03-01")
    erase_words(claim, "A name.", make.administrator())
    program = Program(who())

    ours = {path: program.get(path) for path in PATHS}
    monkeypatch.setattr(RowSerializer, "to_representation", serializers.Serializer.to_representation)

    assert {path: program.get(path) for path in PATHS} == ours
