"""Routes, control points, organisations and agreements as tables."""

from __future__ import annotations

from accounts.models import NamingParty
from convoys.api.formats.columns import (
    WIDE,
    WIDEST,
    Table,
    all_named,
    decimal,
    flat,
    instant,
    names_by_party,
    stops,
    text,
)

PARTIES = tuple(NamingParty.values)

ROUTES = Table(
    "routes",
    flat(
        text("code", "#loc+route+code"),
        text("name", "#loc+route+name", WIDE),
        text("exercise", "#meta+exercise"),
        text("access", "#access+status"),
        stops("places", "#loc+stop"),
    ),
)

CONTROL_POINTS = Table(
    "control-points",
    flat(
        text("code", "#loc+code", WIDE),
        text("name", "#loc+name", WIDEST),
        names_by_party("names", "#loc+name", PARTIES),
        text("type", "#loc+type"),
        text("country", "#country+code+v_iso2"),
        decimal("latitude", "#geo+lat"),
        decimal("longitude", "#geo+lon"),
        text("coordinate_source", "#geo+source", WIDE),
        text("exercise", "#meta+exercise"),
        all_named("sides", "#loc+side"),
        text("access", "#access+status"),
        instant("access_since", "#date+access+start"),
        text("access_precision", "#date+access+start+precision"),
    ),
)

ORGANISATIONS = Table(
    "organisations",
    flat(
        text("code", "#org+code", WIDE),
        text("name", "#org+name", WIDEST),
        names_by_party("names", "#org+name", PARTIES),
        text("type", "#org+type"),
        text("country", "#country+code+v_iso2"),
        text("iati_identifier", "#org+code+v_iati"),
        text("exercise", "#meta+exercise"),
    ),
)

AGREEMENTS = Table(
    "agreements",
    flat(
        text("code", "#meta+id"),
        text("title", "#meta+title", WIDEST),
        all_named("routes", "#loc+route"),
        text("exercise", "#meta+exercise"),
    ),
)
