"""Pages of control points, routes and agreements: what stands there, what was so, and who says so."""

from __future__ import annotations

import pytest
import time_machine

from convoys.services.changes import Claim, Target, control_point
from tests import factories as make
from tests.importing.loaded import loaded_case

__all__ = ["loaded_case"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("loaded_case")]
LONG_AFTER = "2026-11-24T08:00:00Z"
POINT = "/control-points/lachin_checkpoint"


@pytest.fixture(autouse=True)
def frozen(settings):
    settings.INSTANCE_TIME_ZONE = "Asia/Tbilisi"
    with time_machine.travel(LONG_AFTER, tick=False):
        yield


@pytest.fixture
def partner(signed_in):
    return signed_in(make.partner("somebody_else"))


def ok(response):
    assert response.status_code == 200
    return response


@pytest.mark.parametrize("path", ["/routes", "/routes/lachin", POINT, "/agreements/AG3"])
def test_strangers_sign_in_first_and_those_without_a_part_see_nothing(client, signed_in, partner, path):
    assert client.get(path)["Location"].startswith("/accounts/login/")
    stranger = signed_in(make.stranger()).get(path)
    assert stranger.status_code == (200 if path == "/routes" else 404)
    assert "Lachin road" not in stranger.content.decode()
    assert ok(partner.get(path))
    assert ok(signed_in(make.viewer()).get(path))


@pytest.mark.parametrize("path", ["/routes/none", "/control-points/kornidzor", "/agreements/AG9"])
def test_what_is_not_there_answers_404(partner, path):
    assert partner.get(path).status_code == 404


# --- control points


def test_a_point_has_each_partys_name_its_sides_and_its_routes(partner):
    text = ok(partner.get(POINT)).content.decode()
    assert "<h1>Hakari bridge checkpoint / Lachin checkpoint</h1>" in text
    assert "as Armenian sources print it" in text
    assert "as Azerbaijani sources print it" in text
    assert "Berdzor / Lachin" in text
    assert 'href="/routes/lachin"' in text


def test_its_access_history_stands_with_both_sides_accounts(partner):
    response = ok(partner.get(POINT))
    history = [entry.told.event.access for entry in response.context["entries"]]
    assert history == ["closed", "restricted", "closed", "contested", "restricted"]
    disputed = next(e for e in response.context["entries"] if e.told.event.access == "contested")
    speakers = {shown.account.speaker for shown in disputed.open_accounts}
    assert {"Government of Azerbaijan", "Government of Armenia"} <= speakers
    assert "contested" in disputed.contested


def test_it_shows_what_was_held_before_it_on_the_day_and_what_had_been(partner):
    then = ok(partner.get(f"{POINT}?as_of=2023-08-05")).context
    assert {row.convoy.reference for row in then["held"]} == {"KB23-01", "KB23-02"}
    assert then["ended"] == []
    now = ok(partner.get(POINT)).context
    assert {row.convoy.reference for row in now["held"]} == {"KB23-02", "KB23-03", "KB23-05"}
    assert [item.hold.convoy.reference for item in now["ended"]] == ["KB23-01"]


def test_its_history_as_known_leaves_out_what_came_later(partner):
    """The restriction of 26 June was reported on 11 July."""
    early = ok(partner.get(f"{POINT}?as_of=2023-07-10&known_at=2023-07-10")).context
    assert [entry.told.event.access for entry in early["entries"]] == ["closed"]
    assert early["point"].access == "closed"
    assert ok(partner.get(f"{POINT}?as_of=2023-07-10")).context["point"].access == "restricted"


def test_who_operates_a_point_is_an_account(signed_in):
    make.road()
    make.make_convoy("C-1")

    make.apply(
        Claim(
            Target(subject=control_point("bridge")),
            make.account(speaker="The ministry", statement="Our guards stand there.", audience="partners"),
        )
    )
    response = ok(signed_in(make.partner()).get("/control-points/bridge"))
    assert [shown.heading for shown in response.context["own_accounts"]] == ["The ministry"]
    assert "Our guards stand there." in response.content.decode()
    assert "No account of its access is on record" in response.content.decode()


def test_staff_accounts_stay_with_staff(signed_in):
    make.road()

    make.tell(
        control_point("bridge"), "access_changed", "2026-11-20", place="bridge", access="closed",
        audience="staff", claims=[make.account(speaker="A guard", audience="staff")],
    )  # fmt: skip
    assert "A guard" in ok(signed_in(make.officer()).get("/control-points/bridge")).content.decode()
    partners = ok(signed_in(make.partner()).get("/control-points/bridge"))
    assert partners.context["entries"] == []
    assert "A guard" not in partners.content.decode()


def test_a_hold_leads_to_the_point_it_is_held_before(partner):
    for path in ("/", "/convoys", "/convoys/KB23-02", "/routes/lachin"):
        assert f'href="{POINT}"' in ok(partner.get(path)).content.decode()


def test_anothers_convoy_is_not_held_there_for_a_partner(signed_in):
    make.make_held_convoy("C-1", since="2026-11-20")
    own = ok(signed_in(make.partner()).get("/control-points/bridge"))
    other = ok(signed_in(make.partner("others")).get("/control-points/bridge"))
    assert [row.convoy.reference for row in own.context["held"]] == ["C-1"]
    assert other.context["held"] == []
    assert "C-1" not in other.content.decode()


# --- routes


def test_a_routes_access_is_the_worst_of_its_control_points(signed_in):
    make.road()
    make.control_point("gate")
    make.route("two", "harbour", "bridge", "gate", "valley")

    client = signed_in(make.officer())
    assert ok(client.get("/routes/two")).context["strip"].access == ""
    for day, point, access, worst in (
        ("2026-11-10", "bridge", "open", "open"),
        ("2026-11-11", "gate", "restricted", "restricted"),
        ("2026-11-12", "bridge", "closed", "closed"),
        ("2026-11-13", "bridge", "open", "restricted"),
    ):
        make.tell(control_point(point), "access_changed", day, place=point, access=access)
        assert ok(client.get("/routes/two")).context["strip"].access == worst
    then = ok(client.get("/routes/two?as_of=2026-11-12")).context["strip"]
    assert then.access == "closed"
    assert [stop.is_broken for stop in then.stops] == [False, True, True, True]


def test_a_route_shows_its_convoys_of_the_day(partner):
    then = ok(partner.get("/routes/lachin?as_of=2023-09-14&known_at=2023-09-14")).context
    references = [row.convoy.reference for row in then["rows"]]
    assert references == ["KB23-01", "KB23-02", "KB23-03", "KB23-05", "KB23-07L"]
    on_strip = {load.convoy.reference for stop in then["strip"].stops for load in stop.loads}
    assert on_strip == {"KB23-01", "KB23-02", "KB23-03", "KB23-05"}


def test_every_route_stands_in_the_list_and_leads_to_its_agreements(partner):
    text = ok(partner.get("/routes")).content.decode()
    for path in ("/routes/aghdam", "/routes/lachin", "/routes/samur_aghdam", "/agreements/AG1"):
        assert f'href="{path}"' in text
    assert 'href="/agreements/AG3"' in ok(partner.get("/routes/aghdam")).content.decode()
    assert 'href="/agreements/AG3"' in ok(partner.get("/")).content.decode()


# --- agreements


def test_an_agreement_shows_its_steps_and_the_order_that_each_account_alleges(partner):
    response = ok(partner.get("/agreements/AG3"))
    kinds = [entry.told.event.kind for entry in response.context["entries"]]
    assert kinds[0] == "discussed"
    assert {"consented", "refused", "carried_out"} <= set(kinds)
    orders = {(item.account.account.speaker, item.order) for item in response.context["orders"]}
    assert ("Government of Azerbaijan", "Aghdam road first") in orders
    assert ("Government of Azerbaijan", "together") in orders
    said = [item.account.account.claim.said_on for item in response.context["orders"]]
    assert said == sorted(said)


def test_an_agreements_steps_are_those_of_the_day(partner):
    kinds = [
        entry.told.event.kind
        for entry in ok(partner.get("/agreements/AG3?as_of=2023-09-14&known_at=2023-09-14")).context[
            "entries"
        ]
    ]
    assert "carried_out" not in kinds
    assert ok(partner.get("/agreements/AG3?as_of=2023-07-01")).context["entries"] == []


def test_a_verdict_is_never_a_heading(partner):
    for code in ("AG1", "AG2", "AG3", "AG4"):
        assert "<h4>illegal regime" not in ok(partner.get(f"/agreements/{code}")).content.decode()


# --- cost


@pytest.mark.parametrize(
    "path",
    ["/routes", "/routes/lachin", "/routes/aghdam", POINT, "/control-points/aghdam_road", "/agreements/AG3"],
)
def test_each_costs_a_bounded_number_of_queries(partner, path, django_assert_max_num_queries):
    with django_assert_max_num_queries(40):
        ok(partner.get(path))
