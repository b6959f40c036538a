"""The demonstration: made once, safe to repeat, refused in production; its exercise is dated to its start."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from pytest_django import Settings

from accounts.models import ApiToken, Organisation, User
from accounts.roles import Role, role_of
from convoys.clocks import clock_start
from convoys.models import Convoy, Event, LedgerHead, Place, Route
from convoys.models.alerting import PolicyStep
from convoys.models.messaging import Subscription
from convoys.queries.askers import token_asking
from convoys.queries.visibility import viewer_of, visible_convoys
from convoys.services import demo, exercise

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 20, 9, 14, 25, tzinfo=UTC)


@pytest.fixture(autouse=True)
def var(settings: Settings, tmp_path: Path) -> Path:
    settings.VAR_DIR = tmp_path
    settings.SITE_URL = "http://127.0.0.1:8123"
    return tmp_path


def people() -> dict[str, Any]:
    exercise.keep_road()
    demo.keep_people()
    sign_ins: dict[str, Any] = json.loads(demo.sign_ins_path().read_text())
    return sign_ins


def test_the_sign_ins_are_written_for_their_owner_alone() -> None:
    sign_ins = people()
    assert sign_ins.keys() == {"url", "admin", "officer", "coordinator", "partner"}
    assert sign_ins["url"] == "http://127.0.0.1:8123"
    assert {key for name in ("admin", "officer", "coordinator") for key in sign_ins[name]} == {
        "username",
        "password",
    }
    assert sign_ins["partner"].keys() == {"username", "password", "token"}
    assert stat.S_IMODE(demo.sign_ins_path().stat().st_mode) == 0o600
    assert [path.name for path in demo.sign_ins_path().parent.iterdir()] == ["demo.json"]


def test_the_people_can_sign_in_with_the_roles_they_are_named_after() -> None:
    sign_ins = people()
    roles = {"admin": Role.ADMINISTRATOR, "officer": Role.DESK_OFFICER, "coordinator": Role.COORDINATOR}
    for name, role in (roles | {"partner": Role.NONE}).items():
        person = User.objects.get(username=sign_ins[name]["username"])
        assert person.check_password(sign_ins[name]["password"])
        assert role_of(person) == role
        assert person.email.endswith("@example.org")
    token = token_asking(sign_ins["partner"]["token"])
    assert token is not None
    assert token.user.username == "partner"
    assert token.user.organisation_id == exercise.SPONSOR


def test_a_second_start_keeps_passwords_and_token_and_writes_the_new_address(
    settings: Settings,
) -> None:
    first = people()
    settings.SITE_URL = "http://127.0.0.1:9000"
    assert people() == first | {"url": "http://127.0.0.1:9000"}
    assert User.objects.count() == 4
    assert ApiToken.objects.count() == 1


@pytest.mark.parametrize("damage", [None, "not JSON", "[]", '{"partner": "x"}'])
def test_a_lost_file_means_new_passwords_and_a_new_token(damage: str | None) -> None:
    first = people()
    demo.sign_ins_path().unlink()
    if damage is not None:
        demo.sign_ins_path().write_text(damage)
    second = people()
    assert second["partner"]["token"] != first["partner"]["token"]
    assert token_asking(first["partner"]["token"]) is None
    assert token_asking(second["partner"]["token"]) is not None
    assert User.objects.get(username="admin").check_password(second["admin"]["password"])
    assert not User.objects.get(username="admin").check_password(first["admin"]["password"])


def test_a_subscription_that_its_owner_ended_is_not_made_again() -> None:
    people()
    assert set(Subscription.objects.values_list("user__username", flat=True)) == {"officer", "partner"}
    Subscription.objects.update(ended_at=START)
    people()
    assert not Subscription.objects.filter(ended_at=None).exists()


def make(at: datetime = START) -> None:
    with time_machine.travel(at, tick=False):
        exercise.make_exercise()


def test_the_exercise_shows_a_convoy_on_the_road_one_stopped_and_one_held() -> None:
    make()
    states = dict(Convoy.objects.values_list("reference", "status"))
    assert states == {"EX-1": "dispatched", "EX-2": "stopped", "EX-3": "held", "EX-4": "dispatched"}
    held = Convoy.objects.get(reference="EX-3")
    assert held.held_before_id == "exercise_bridge"
    assert held.stands_at_id == "exercise_crossroads"


@pytest.mark.parametrize("second", [0, 34, 35, 36, 59])
def test_the_held_convoy_reaches_its_first_step_about_a_minute_after_the_start(second: int) -> None:
    start = START.replace(second=second)
    make(start)
    opening = Event.objects.get(convoy__reference="EX-3", kind="held")
    first = PolicyStep.objects.filter(policy__route=exercise.ROUTE, policy__watch="held").earliest(
        "after_seconds"
    )
    due = clock_start(opening) + timedelta(seconds=first.after_seconds)
    assert timedelta(seconds=25) < due - start <= timedelta(seconds=85)


def test_everything_in_it_is_marked_as_an_exercise() -> None:
    make()
    for model in (Convoy, Place, Organisation, Route):
        assert set(model._default_manager.values_list("is_exercise", flat=True)) == {True}, model
    for place in Place.objects.all():
        assert place.display_name.startswith("Exercise")


def test_it_is_made_once() -> None:
    make()
    size = LedgerHead.objects.get().size
    make(START + timedelta(days=2))
    assert LedgerHead.objects.get().size == size


def test_one_convoy_belongs_to_another_sponsor_and_is_not_there_for_the_partner() -> None:
    people()
    make()
    seen = visible_convoys(viewer_of(User.objects.get(username="partner")))
    assert set(seen.values_list("reference", flat=True)) == {"EX-1", "EX-2", "EX-3"}


def test_the_hold_is_told_in_two_ways() -> None:
    make()
    opening = Event.objects.get(convoy__reference="EX-3", kind="held")
    assert set(opening.claims.values_list("stance", flat=True)) == {"reports", "disputes"}


def test_the_whole_demonstration_is_loaded_with_progress_and_a_second_time_is_quiet(
    settings: Settings,
) -> None:
    settings.INSTANCE_TIME_ZONE = "Asia/Tbilisi"
    said, again = StringIO(), StringIO()
    call_command("load_demo", stdout=said)
    assert "case: 40 of 104" in said.getvalue()
    assert Convoy.objects.filter(is_exercise=False).count() == 12
    assert Convoy.objects.filter(is_exercise=True).count() == 4
    size = LedgerHead.objects.get().size
    call_command("load_demo", stdout=again)
    assert "0 new" in again.getvalue()
    assert " of " not in again.getvalue().replace("of them", "")
    assert LedgerHead.objects.get().size == size


@pytest.mark.parametrize("command", ["load_case", "load_demo"])
def test_production_refuses_it_and_nothing_is_written(settings: Settings, command: str) -> None:
    settings.ENVIRONMENT, settings.DEMO = "production", False
    with pytest.raises(CommandError, match="This is production"):
        call_command(command, stdout=StringIO())
    assert not Organisation.objects.exists()
    assert not User.objects.exists()
    assert not demo.sign_ins_path().exists()


def test_a_folder_that_is_no_case_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"organisations\.csv is not there"):
        call_command("load_case", str(tmp_path), stdout=StringIO())
