"""Control points and routes on a map: where they are on record to be, and nothing that moves."""

from __future__ import annotations

import json
from typing import Any

import pytest

from convoys.api.formats.geojson import line
from convoys.models import Place
from convoys.services.changes import control_point
from tests import factories as make
from tests.api.conftest import Program
from tests.api.formats.reading import features

pytestmark = pytest.mark.django_db

WHERE = {
    "harbour": ("39.50000", "45.10000"),
    "bridge": ("39.65789", "46.54321"),
    "valley": ("-1.00001", "47.20000"),
}


@pytest.fixture
def program() -> Program:
    make.road()
    for code, (latitude, longitude) in WHERE.items():
        Place.objects.filter(code=code).update(
            latitude=latitude, longitude=longitude, coordinate_source="a gazetteer"
        )
    return Program(make.partner())


def by_code(collection: Any) -> dict[str, Any]:
    return {feature["id"]: feature for feature in collection["features"]}


def test_a_control_point_is_a_point_longitude_first_with_who_says_so_and_every_partys_name(
    program: Program,
) -> None:
    collection = features(program, "control-points")
    found = by_code(collection)
    assert collection["type"] == "FeatureCollection"
    assert found["bridge"]["geometry"] == {"type": "Point", "coordinates": [46.54321, 39.65789]}
    properties = found["bridge"]["properties"]
    (row,) = [row for row in program.get("control-points")["results"] if row["code"] == "bridge"]
    assert properties == row
    assert (properties["coordinate_source"], properties["latitude"]) == ("a gazetteer", "39.65789")
    assert {"name", "names", "access", "access_precision"} <= set(properties)


def test_where_nobody_says_where_it_is_there_is_no_geometry(program: Program) -> None:
    assert by_code(features(program, "control-points"))["gate"]["geometry"] is None


def test_a_route_is_a_line_through_the_places_that_are_known_in_travelling_order(program: Program) -> None:
    route = by_code(features(program, "routes"))["main"]
    stops = [stop["place"]["code"] for stop in route["properties"]["places"]]
    known = [[float(WHERE[code][1]), float(WHERE[code][0])] for code in stops if code in WHERE]
    assert len(known) == 3 < len(stops)
    assert route["geometry"] == {"type": "LineString", "coordinates": known}
    assert features(program, "routes")["bbox"] == [45.1, -1.00001, 47.2, 39.65789]


def test_a_route_of_one_known_place_has_no_line(program: Program) -> None:
    Place.objects.exclude(code="bridge").update(latitude=None, longitude=None)
    collection = features(program, "routes")
    assert by_code(collection)["main"]["geometry"] is None
    assert "bbox" not in collection


def test_a_line_across_the_antimeridian_is_cut_there() -> None:
    def stop(longitude: str, latitude: str) -> dict[str, Any]:
        return {"place": {"longitude": longitude, "latitude": latitude}}

    across = [stop("178", "10"), stop("-178", "20"), stop("-170", "20"), stop("170", "30")]
    assert line({"places": across}) == {
        "type": "MultiLineString",
        "coordinates": [
            [(178.0, 10.0), (180.0, 15.0)],
            [(-180.0, 15.0), (-178.0, 20.0), (-170.0, 20.0), (-180.0, 25.0)],
            [(180.0, 25.0), (170.0, 30.0)],
        ],
    }


def test_fields_narrow_properties_and_leave_the_geometry(program: Program) -> None:
    for path, geometry in (("control-points", "Point"), ("routes", "LineString")):
        found = by_code(features(program, f"{path}?fields=name"))
        assert {key for feature in found.values() for key in feature["properties"]} == {"name"}
        assert geometry in {(feature["geometry"] or {}).get("type") for feature in found.values()}


def test_a_page_leads_to_the_next_and_the_whole_needs_none(program: Program) -> None:
    whole = features(program, "control-points")
    assert not {"next", "previous"} & set(whole)
    first = program.ask("control-points?page_size=1&format=geojson")
    page = json.loads(first.content)
    second = json.loads(program.ask(page["next"]).content)
    assert [*by_code(page), *by_code(second)] == list(by_code(whole))
    assert first.headers["Link"] == f'<{page["next"]}>; rel="next"'
    assert second["previous"]


def test_access_is_that_of_the_day_asked_about(program: Program) -> None:
    make.tell(control_point("bridge"), "access_changed", "2026-03-05", access="closed")
    for day, access in (("2026-03-04", None), ("2026-03-06", "closed")):
        collection = features(program, f"control-points?as_of={day}")
        assert by_code(collection)["bridge"]["properties"]["access"] == access
        assert collection["moment"]["as_of"].startswith(day)


def test_places_can_be_shown_whole_in_json_too(program: Program) -> None:
    (route,) = program.get("routes?expand=places")["results"]
    assert route["places"][0]["place"]["latitude"] == WHERE["harbour"][0]
    assert program.get("routes/main?expand=places")["places"] == route["places"]
