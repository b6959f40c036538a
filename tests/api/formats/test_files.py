"""A list as one file: all of it, as JSON has it, of one moment, confirmed like JSON, whole or not at all."""

from __future__ import annotations

import csv
import gc
import gzip
import io
import threading
import tracemalloc
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import close_old_connections, connection

from accounts.models import Organisation, OrganisationType
from convoys.api import views
from convoys.api.formats import files
from convoys.api.formats.columns import Row
from tests import factories as make
from tests.api.conftest import Program
from tests.api.formats.reading import asked, features, sheets, table

pytestmark = pytest.mark.django_db

HOW_MANY = 7
LISTS = ["convoys", "episodes", "events", "routes", "control-points", "organisations", "agreements"]


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Program:
    """Seven convoys, of which three are held; and pages of two, so that no list fits on one."""
    for letter in "DAGC":
        make.make_convoy(f"C-{letter}")
    for number, letter in enumerate("FBE", 1):
        make.make_held_convoy(f"C-{letter}", since=f"2026-03-0{5 - number}T08:00")
    make.agreement()
    monkeypatch.setattr(files, "LARGEST_PAGE_SIZE", 2)
    return Program(make.partner())


# --- all of it


def test_a_file_has_every_row_in_the_order_of_the_list(program: Program) -> None:
    for path, key in (("convoys", "reference"), ("control-points", "code"), ("episodes", "convoy")):
        rows = [row[key] for row in program.get(f"{path}?page_size=500")["results"]]
        assert [row[key] for row in table(program, path)] == rows
    assert len(table(program, "convoys")) == HOW_MANY


def test_a_list_that_is_too_long_for_a_file_is_had_in_pages(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MOST_ROWS", HOW_MANY)
    assert len(table(program, "convoys")) == HOW_MANY

    monkeypatch.setattr(files, "MOST_ROWS", HOW_MANY - 1)
    for form in ("csv", "xlsx"):
        refused = program.ask(f"convoys?format={form}")
        assert refused.status == 400
        assert (refused.body["code"], "page_size" in refused.body["detail"]) == ("invalid-parameter", True)
    assert len(table(program, f"convoys?page_size={HOW_MANY}")) == HOW_MANY


@pytest.mark.parametrize("ordering", ["held_since", "-held_since", "-reference", "last_reported_at"])
def test_order_and_filters_are_those_of_json(ordering: str, program: Program) -> None:
    for query in (f"ordering={ordering}", f"ordering={ordering}&status=held"):
        rows = program.get(f"convoys?{query}&page_size=500")["results"]
        assert [row["reference"] for row in table(program, f"convoys?{query}")] == [
            row["reference"] for row in rows
        ]


def test_a_page_is_a_page_in_every_format_and_says_where_the_next_is(program: Program) -> None:
    answer = asked(program, "convoys?page_size=3", "csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert [row["reference"] for row in rows] == ["C-A", "C-B", "C-C"]
    page = program.get("convoys?page_size=3&format=json")
    assert answer.headers["Link"] == f'<{page["next"].replace("json", "csv")}>; rel="next"'
    second = program.ask(answer.headers["Link"].split("<")[1].split(">")[0])
    assert b"C-D" in second.content
    assert 'rel="prev"' in second.headers["Link"]
    assert "Link" not in asked(program, "convoys", "csv").headers


def test_the_feed_is_read_to_its_end_and_goes_on_after_its_last_row(program: Program) -> None:
    everything = program.get("events?page_size=500")["results"]
    rows = table(program, "events")
    assert [row["sequence"] for row in rows] == [str(row["sequence"]) for row in everything]
    last = rows[-1]["sequence"]
    assert table(program, f"events?after={last}") == []
    make.tell("C-A", "seen", "2026-03-08")
    new = table(program, f"events?after={last}")
    assert [(row["type"], row["subject_code"]) for row in new] == [("event", "C-A"), ("claim", "C-A")]
    page = asked(program, "events?page_size=2", "csv")
    assert f"after={everything[1]['sequence']}" in page.headers["Link"]


@pytest.mark.parametrize("path", LISTS)
def test_workbook_and_csv_say_the_same(path: str, program: Program) -> None:
    (heads, *rows) = sheets(asked(program, path, "xlsx").content)[path]
    read = [
        {name: "" if cell is None else cell for name, cell in zip(heads, row, strict=True)} for row in rows
    ]
    told = table(program, path)
    assert len(read) == len(told) > 0
    for of_workbook, of_csv in zip(read, told, strict=True):
        for name, value in of_csv.items():
            shown = of_workbook[name]
            if isinstance(shown, bool):
                assert value == str(shown).lower()
            elif isinstance(shown, (int, float)):
                assert Decimal(value) == Decimal(str(shown))
            else:
                assert value == shown


# --- as JSON has it


def test_fields_leave_columns_out_and_expanded_places_bring_coordinates(program: Program) -> None:
    (row, *_) = table(program, "convoys?fields=reference,origin")
    assert list(row) == ["reference", "origin_code", "origin_name"]
    (row, *_) = table(program, "convoys?fields=origin&expand=places")
    assert list(row)[2:] == [
        "origin_kind", "origin_country", "origin_latitude", "origin_longitude", "origin_coordinate_source",
    ]  # fmt: skip


def test_figures_say_what_each_row_is_and_how_it_was_counted(program: Program) -> None:
    answer = program.get("statistics/tonne-days?as_of=2026-03-06")
    rows = table(program, "statistics/tonne-days?as_of=2026-03-06")
    assert [row["row"] for row in rows] == ["group"] * 3 + ["total", "not_confirmed_total"]
    assert [row["low"] for row in rows][:3] == [group["low"] for group in answer["results"]]
    assert rows[3]["low"] == answer["total"]["low"]
    assert {row["counting_rule"] for row in rows} == {answer["counting_rule"]}
    assert {row["moment_as_of"] for row in rows} == {answer["moment"]["as_of"]}
    (spread, *_) = table(program, "statistics/durations?group_by=route")
    lengths = program.get("statistics/durations?group_by=route")["results"][0]["lengths"]
    assert [spread[name] for name in spread if name.startswith("lengths_")] == [
        str(length["holds"]) for length in lengths
    ]
    assert table(program, "statistics/held-now")[0]["convoys"]


def test_the_vocabulary_is_one_table_of_all_code_lists(program: Program) -> None:
    lists = program.get("vocabulary")
    rows = table(program, "vocabulary")
    assert [(row["list"], row["code"]) for row in rows] == [
        (name, row["code"]) for name, codes in lists.items() for row in codes
    ]


# --- of another day


def test_a_file_of_another_day_says_so_in_its_name_and_in_the_workbook(program: Program) -> None:
    query = "as_of=2026-03-02T12:00Z&known_at=2026-03-09"
    answer = asked(program, f"convoys?{query}", "xlsx")
    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="convoys-as-of-2026-03-02-known-at-2026-03-09.xlsx"'
    )
    about = dict(row[:2] for row in sheets(answer.content)["About"])
    moment = program.get(f"convoys?{query}")["moment"]
    assert (about["As of"], about["Known at"]) == (moment["as_of"], moment["known_at"])
    assert about["Basis"] == moment["basis"]
    assert about["Address"].endswith(f"/api/v1/convoys?{query}&format=xlsx")
    assert about["Ledger root"] == program.get("ledger/head")["root"]
    rows = table(program, f"convoys?{query}")
    told = program.get(f"convoys?{query}&page_size=500")["results"]
    assert [(row["reference"], row["status"]) for row in rows] == [
        (row["reference"], row["status"]) for row in told
    ]


def test_a_file_is_named_by_what_it_is_and_its_day(program: Program, settings: Any) -> None:
    settings.INSTANCE_TIME_ZONE = "Asia/Tbilisi"
    with time_machine.travel("2026-03-10T21:30:00Z", tick=False):  # tomorrow already, in the tracker's zone
        for path, name in (("convoys?status=held", "convoys"), ("statistics/held-now", "held-now")):
            for form in ("csv", "xlsx"):
                disposition = asked(program, path, form).headers["Content-Disposition"]
                assert disposition == f'attachment; filename="{name}-2026-03-11.{form}"'


# --- asked again


@pytest.mark.parametrize("form", ["csv", "xlsx", "geojson"])
def test_a_file_is_confirmed_until_something_is_recorded(form: str, program: Program) -> None:
    path = "control-points" if form == "geojson" else "convoys"
    tag = asked(program, path, form).headers["ETag"]
    for method in ("GET", "HEAD"):
        again = program.ask(f"{path}?format={form}", method, headers={"If-None-Match": tag})
        assert (again.status, again.content, again.headers["ETag"]) == (304, b"", tag)
        assert not {"Content-Type", "Content-Length"} & set(again.headers)
    assert program.ask(f"{path}?format={form}", headers={"If-None-Match": "*"}).status == 304
    make.tell("C-A", "seen", "2026-03-08")
    assert program.ask(f"{path}?format={form}", headers={"If-None-Match": tag}).status == 200


def test_formats_of_one_list_have_each_a_tag_of_its_own(program: Program) -> None:
    tags = {
        program.ask(address, headers={"Accept": accept} if accept else {}).headers["ETag"]
        for address, accept in (
            ("routes", ""), ("routes", "text/csv"), ("routes?format=csv", ""), ("routes?format=xlsx", ""),
            ("routes?format=geojson", ""), ("routes?format=csv&hxl=true", ""),
        )
    }  # fmt: skip
    assert len(tags) == 6


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_file_that_follows_the_clock_is_confirmed_by_its_rows(form: str, program: Program) -> None:
    address = f"convoys?held_longer_than=1&format={form}"
    tag = program.ask(address).headers["ETag"]
    assert program.ask(address, headers={"If-None-Match": tag}).status == 304
    make.make_held_convoy("C-X", since="2026-03-01T08:00")
    answer = program.ask(address, headers={"If-None-Match": tag})
    assert (answer.status, answer.headers["ETag"] != tag) == (200, True)


def test_head_says_what_get_would(program: Program) -> None:
    for form in ("csv", "xlsx"):
        got, head = asked(program, "convoys", form), program.ask(f"convoys?format={form}", "HEAD")
        assert (head.status, head.content) == (200, b"")
        for name in ("Content-Type", "Content-Length", "Content-Disposition", "ETag", "Vary"):
            assert head.headers[name] == got.headers[name]
        assert int(got.headers["Content-Length"]) == len(got.content)


def test_csv_is_compressed_for_a_token_and_a_workbook_is_so_already(program: Program) -> None:
    plain = asked(program, "convoys", "csv")
    packed = asked(program, "convoys", "csv", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content
    book = asked(program, "convoys", "xlsx", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in book.headers
    assert "Accept-Encoding" in book.headers["Vary"]


# --- whole or not at all, at constant memory


def test_what_fails_on_the_way_is_a_problem_and_never_half_a_file(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = views.ConvoyList.shown

    def fails_later(view: Any, page: Sequence[Any]) -> Sequence[Row]:
        if page[-1].reference > "C-D":
            raise RuntimeError("the disk is gone")
        return whole(view, page)

    monkeypatch.setattr(views.ConvoyList, "shown", fails_later)
    for form in ("csv", "xlsx"):
        answer = program.ask(f"convoys?format={form}")
        assert (answer.status, answer.body["code"]) == (500, "internal-error")


def memory_taken(rows: int, form: str, program: Program) -> int:
    """The most memory, in bytes, that a list of so many rows takes while its file is made and sent."""
    had = Organisation.objects.count()
    Organisation.objects.bulk_create(
        [
            Organisation(
                code=f"org_{number:05}", name=f"Society {number}", type=OrganisationType.NATIONAL_NGO
            )
            for number in range(had, rows)
        ]
    )
    gc.collect()
    gc.freeze()  # what was there before is not looked through again with each page
    tracemalloc.start()
    try:
        response: Any = program.client.get(f"/api/v1/organisations?format={form}")
        assert response.status_code == 200
        sent = sum(len(piece) for piece in response.streaming_content)
        assert sent == int(response.headers["Content-Length"]) > rows
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        gc.unfreeze()


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_ten_times_the_rows_take_no_more_memory(
    form: str, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "LARGEST_PAGE_SIZE", 100)
    monkeypatch.setattr(files, "IN_MEMORY", 1 << 14)
    pages_of = files.pages_of

    def collected(view: Any) -> Iterator[Sequence[Row]]:
        """Rows that are done with refer to themselves until the collector comes by: let it."""
        for page in pages_of(view):
            yield page
            gc.collect()

    monkeypatch.setattr(files, "pages_of", collected)
    memory_taken(100, form, program)  # whatever is loaded once
    few, many = (memory_taken(rows, form, program) for rows in (200, 2_000))
    assert many < 1.3 * few


# --- of one moment


@pytest.mark.django_db(transaction=True)
def test_what_is_recorded_while_a_file_is_made_is_not_in_it_and_does_not_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A convoy that was met already, and one that is still to come, change between two pages."""
    for letter in "ABCD":
        make.make_convoy(f"C-{letter}")
    program = Program(make.partner())
    monkeypatch.setattr(files, "LARGEST_PAGE_SIZE", 2)
    shown, recorded = views.ConvoyList.shown, threading.Event()

    def record() -> None:
        try:
            make.tell("C-D", "departed", "2026-03-02")
            make.make_convoy("C-E")
            recorded.set()
        finally:
            connection.close()

    def shown_meanwhile(view: Any, page: Sequence[Any]) -> Sequence[Row]:
        if not recorded.is_set():
            desk = threading.Thread(target=record)
            desk.start()
            desk.join(15)
            assert recorded.is_set(), "the desk waited for a download"
        return shown(view, page)

    monkeypatch.setattr(views.ConvoyList, "shown", shown_meanwhile)
    before = [(row["reference"], row["status"]) for row in table(program, "convoys")]
    after = [(row["reference"], row["status"]) for row in table(program, "convoys")]
    close_old_connections()
    assert before == [(f"C-{letter}", "planned") for letter in "ABCD"]
    assert after == [*before[:3], ("C-D", "dispatched"), ("C-E", "planned")]


def test_what_one_may_not_see_is_in_no_file(program: Program) -> None:
    make.organisation("third_society")
    make.make_convoy("THIRD", declares={"sponsors": ["third_society"]})
    for path in ("convoys", "episodes", "events"):
        for form in ("csv", "xlsx"):
            content = asked(program, path, form).content
            said = content.decode() if form == "csv" else str(sheets(content))
            assert "THIRD" not in said
    assert "convoys" not in str(features(program, "routes"))
