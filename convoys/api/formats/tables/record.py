"""Convoys, holds and the change feed as tables: what each column shows, under a name that stays."""

from __future__ import annotations

from convoys.api.formats.columns import (
    WIDE,
    WIDEST,
    Columns,
    Table,
    all_named,
    decimal,
    document,
    each,
    flat,
    instant,
    joined,
    named,
    nested,
    place,
    text,
)

TONNES = "#output+num+tonnes"


def _span(prefix: str, hxl: str) -> Columns:
    """Tonnes from and to: low without high means at least."""
    return flat(decimal(f"{prefix}_low", f"{hxl}+min"), decimal(f"{prefix}_high", f"{hxl}+max"))


CONVOYS = Table(
    "convoys",
    flat(
        text("reference", "#meta+id"),
        text("exercise", "#meta+exercise"),
        text("status", "#status+code"),
        instant("status_since", "#date+status"),
        text("status_precision", "#date+status+precision"),
        instant("held_since", "#date+held+start"),
        text("held_precision", "#date+held+start+precision"),
        instant("last_reported_at", "#date+reported"),
        text("last_reported_precision", "#date+reported+precision"),
        instant("silent_from", "#date+silent+start"),
        instant("tracking_ended_at", "#date+tracking+end"),
        place("origin", "#loc+origin"),
        place("destination", "#loc+dest"),
        named("route", "#loc+route"),
        place("stands_at", "#loc"),
        place("control_point", "#loc+control_point"),
        place("heading", "#loc+heading"),
        text("heading_back", "#status+heading_back"),
        all_named("sponsors", "#org+funder"),
        named("carrier", "#org+impl"),
        named("consignee", "#org+consignee"),
        text("trucks", "#capacity+num+trucks"),
        _span("tonnes", TONNES),
        instant("planned_departure_at", "#date+start+planned"),
        instant("due_at", "#date+due"),
    ),
)

EPISODES = Table(
    "episodes",
    flat(
        text("convoy", "#meta+id"),
        text("exercise", "#meta+exercise"),
        instant("held_since", "#date+start"),
        text("held_precision", "#date+start+precision"),
        text("held_bound", "#date+start+bound"),
        instant("ended_at", "#date+end"),
        text("ended_precision", "#date+end+precision"),
        text("ended_bound", "#date+end+bound"),
        text("ended", "#status+end"),
        text("end_inferred", "#meta+end+inferred"),
        named("stands_at", "#loc"),
        named("control_point", "#loc+control_point"),
        text("opened_by", "#event+id+start"),
        text("ended_by", "#event+id+end"),
        joined("contested", "#meta+contested", WIDE),
        # Who holds it, and why, is what each of them says by itself: rows of the events' table.
        each("claims", "sequence", "#meta+source+id+list"),
    ),
)

_ALLEGED = nested(
    "alleged",
    all_named("holders", "#org+alleged"),
    joined("causes", "#access+type+alleged", WIDE),
    instant("at", "#date+alleged"),
    text("precision", "#date+alleged+precision"),
    named("place", "#loc+alleged"),
    text("place_words", "#loc+alleged+words", WIDE),
    text("access", "#access+status+alleged"),
    text("order", "#access+order+alleged"),
    text("trucks", "#capacity+num+trucks+alleged"),
    _span("tonnes", f"{TONNES}+alleged"),
    text("link", "#meta+related+type+alleged"),
    text("convoy", "#meta+related+id+alleged"),
)

# The feed: events, claims, erasures and changes of what one may see in one table, in their order. `type` says
# which a row is; what it does not have is empty.
EVENTS = Table(
    "events",
    flat(
        text("sequence", "#meta+id+sequence"),
        text("type", "#meta+type"),
        nested("subject", text("type", "#meta+subject+type"), text("code", "#meta+id", WIDE)),
        text("chain", "#meta+id+chain"),
        text("act", "#meta+act"),
        text("supersedes", "#meta+supersedes"),
        text("superseded_by", "#meta+superseded_by"),
        text("retracted", "#status+retracted"),
        nested(
            "retraction",
            text("sequence", "#meta+retraction+sequence"),
            instant("recorded_at", "#date+retraction+recorded"),
            text("reason", "#description+retraction+reason", WIDE),
        ),
        text("reason", "#description+reason", WIDE),
        instant("known_from", "#date+known"),
        instant("recorded_at", "#date+recorded"),
        text("backfilled", "#meta+backfilled"),
        text("audience", "#meta+audience"),
        text("erased", "#meta+erased"),
        # an event
        text("convoy", "#meta+id+convoy"),
        named("control_point", "#loc+control_point"),
        text("agreement", "#meta+id+agreement"),
        text("kind", "#event+type"),
        instant("occurred_at", "#date+occurred"),
        text("precision", "#date+occurred+precision"),
        text("bound", "#date+occurred+bound"),
        text("time_zone", "#date+occurred+zone"),
        text("time_as_printed", "#date+occurred+words", WIDE),
        named("place", "#loc"),
        named("held_before", "#loc+held_before"),
        named("heading", "#loc+heading"),
        text("decided_by", "#org+decided_by+type"),
        named("decided_by_organisation", "#org+decided_by"),
        text("access", "#access+status"),
        text("loss_mode", "#impact+type"),
        text("trucks", "#capacity+num+trucks"),
        _span("tonnes", TONNES),
        _span("damaged_tonnes", f"{TONNES}+damaged"),
        _span("refused_tonnes", f"{TONNES}+refused"),
        text("shortfall_reason", "#cause+shortfall"),
        text("other_convoy", "#meta+related+id"),
        named("next_carrier", "#org+impl+next"),
        document("declares", "#meta+declares"),
        text("text", "#description+note", WIDEST),
        # a claim
        nested(
            "target",
            text("type", "#meta+target+type"),
            text("chain", "#meta+target+id+chain"),
            text("code", "#meta+target+id"),
            text("item", "#meta+target+item"),
        ),
        text("stance", "#meta+stance"),
        text("statement", "#description+statement", WIDEST),
        text("verbatim", "#meta+verbatim"),
        text("speaker", "#org+source+speaker+name", WIDE),
        named("speaker_organisation", "#org+source+speaker+organisation"),
        text("speaker_kind", "#org+source+speaker+type"),
        text("person", "#contact+name", WIDE),
        text("publisher", "#meta+source", WIDE),
        named("publisher_organisation", "#org+source+publisher"),
        text("title", "#meta+source+title", WIDE),
        text("link", "#meta+source+url", WIDE),
        text("language", "#meta+source+language"),
        text("said_on", "#date+said"),
        text("reported_on", "#date+reported"),
        _ALLEGED,
        text("document_sha256", "#meta+source+digest"),
        text("withheld", "#meta+withheld"),
        # an erasure, and what a row changed in what you may see
        text("erased_sequence", "#meta+erased+sequence"),
        text("withdrawn_chain", "#meta+withdrawn+chain"),
        joined("visible", "#meta+visible+list"),
        joined("withdrawn", "#meta+withdrawn+list"),
    ),
)
