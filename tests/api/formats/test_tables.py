"""Every key of JSON has a place in its table, under a name and a hashtag of its own."""

from __future__ import annotations

import re
from typing import Any

import pytest
from rest_framework import serializers

from convoys.api import hold_statistics, statistics, vocabulary
from convoys.api.formats import tables
from convoys.api.formats.columns import Table
from convoys.api.serializers.convoys import ConvoySerializer
from convoys.api.serializers.episodes import EpisodeOfListSerializer
from convoys.api.serializers.feed import SERIALIZERS
from convoys.api.serializers.places import (
    AgreementSerializer,
    ControlPointSerializer,
    OrganisationSerializer,
    RouteSerializer,
)

FIGURES = {"row", "group_by", "overlapping", "counting_rule", "moment"}
# Each table, the serializers of its rows, and what its rows have besides.
SHOWN: list[tuple[Table, list[Any], set[str]]] = [
    (tables.CONVOYS, [ConvoySerializer], set()),
    (tables.EPISODES, [EpisodeOfListSerializer], set()),
    (tables.EVENTS, list(SERIALIZERS.values()), set()),
    (tables.ROUTES, [RouteSerializer], set()),
    (tables.CONTROL_POINTS, [ControlPointSerializer], set()),
    (tables.ORGANISATIONS, [OrganisationSerializer], set()),
    (tables.AGREEMENTS, [AgreementSerializer], set()),
    (tables.TONNE_DAYS, [statistics.TonneDaysGroupSerializer], FIGURES),
    (tables.HELD_NOW, [hold_statistics.HeldGroupSerializer], FIGURES),
    (tables.DURATIONS, [hold_statistics.DurationsGroupSerializer], FIGURES),
    (tables.VOCABULARY, [vocabulary.KindSerializer], {"list"}),
]
# HXL 1.1, hashtag and attribute dictionary: the hashtags that there are.
HASHTAGS = frozenset({
    "access", "activity", "adm1", "adm2", "adm3", "adm4", "adm5", "affected", "beneficiary", "capacity",
    "cause", "channel", "contact", "country", "crisis", "currency", "date", "delivery", "description",
    "event", "frequency", "geo", "group", "impact", "indicator", "inneed", "item", "loc", "meta", "modality",
    "need", "operations", "org", "output", "population", "reached", "region", "respondee", "sector",
    "service", "severity", "status", "subsector", "targeted", "value",
})  # fmt: skip
each_table = pytest.mark.parametrize(
    ("table", "shown", "besides"), SHOWN, ids=[table.name for table, *_ in SHOWN]
)


def test_every_table_is_asked_here() -> None:
    assert {table.name for table, *_ in SHOWN} == {
        value.name for value in vars(tables).values() if isinstance(value, Table)
    }


@each_table
def test_a_key_of_a_row_is_in_a_column(
    table: Table, shown: list[type[serializers.Serializer]], besides: set[str]
) -> None:
    """A new key of a serializer fails here until the table says where it stands."""
    keys = {key for serializer in shown for key in serializer().fields}
    assert {column.key for column in table.columns} == keys | besides


@each_table
def test_names_and_hashtags_are_one_columns_alone_and_well_formed(
    table: Table, shown: Any, besides: set[str]
) -> None:
    names = [column.name for column in table.columns]
    tags = [column.hxl for column in table.columns]
    assert len(set(names)) == len(names)
    assert sorted({tag for tag in tags if tags.count(tag) > 1}) == []
    for column in table.columns:
        assert re.fullmatch("[a-z][a-z0-9_]*", column.name), column.name
        hashtag = re.fullmatch(r"#([a-z][a-z0-9]*)((\+[a-z][a-z0-9_]*)*)", column.hxl)
        assert hashtag, column.hxl
        assert hashtag[1] in HASHTAGS, column.hxl


@each_table
def test_a_code_stands_beside_its_name(table: Table, shown: Any, besides: set[str]) -> None:
    names = {column.name for column in table.columns}
    assert {name for name in names if name.endswith("_code") and f"{name[:-5]}_name" not in names} <= {
        "subject_code",
        "target_code",
    }
