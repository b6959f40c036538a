"""Declarations: items as a door states them, to items as the record stores them.

Stored: `tonnes` {"low", "high"} as strings with three places, `trucks` a number, `sponsors` a list
of codes, `carrier`, `consignee`, `origin`, `destination`, `route` a code, `cargo` a list of lines,
`references` a list of {"issuer", "number"}, `planned_departure` and `due_arrival` an instant. A
missing item is unchanged; null is "now unknown".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from convoys.canonical import instant, tonnes_text
from convoys.errors import InvalidInput
from convoys.projection import ALL_PARTNERS
from convoys.services import checking
from convoys.services.resolving import Resolver
from convoys.vocabulary import CargoCategory, Item

MOST_LINES = 200


def stored(declares: Mapping[str, Any], allowed: frozenset[Item], resolver: Resolver) -> dict[str, Any]:
    """Check and normalise the items stated. Raises InvalidInput naming the item."""
    strange = sorted(set(declares) - {item.value for item in allowed})
    if strange:
        raise InvalidInput({str(strange[0])[:40]: "This report cannot state that item."})
    result: dict[str, Any] = {}
    for name, value in declares.items():
        result[str(name)] = None if value is None or value == [] else _READERS[Item(name)](value, resolver)
    return result


def stored_audience(visible_to: Any, resolver: Resolver) -> Any:
    """Who a convoy is shared with besides its parties: "all_partners" or organisation codes."""
    if visible_to == ALL_PARTNERS:
        return ALL_PARTNERS
    if isinstance(visible_to, str):
        raise InvalidInput({"visible_to": "Share with all partners, or name organisations."})
    return sorted(
        {_code(resolver.organisation, "visible_to", code) for code in _listed("visible_to", visible_to)}
    )


def _listed(field: str, value: Any) -> list[Any]:
    if not isinstance(value, (list, tuple)) or len(value) > MOST_LINES:
        raise InvalidInput({field: f"Give a list of at most {MOST_LINES}."})
    return list(value)


def _code(find: Callable[[str, str | None], str | None], field: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise InvalidInput({field: "Give a code."})
    return str(find(field, value))


def _pair(low: Any, high: Any) -> dict[str, str]:
    least, most = checking.tonnage(low, high)
    named = (("low", least), ("high", most))
    return {name: tonnes_text(figure) for name, figure in named if figure is not None}


def _tonnes(value: Any, resolver: Resolver) -> dict[str, str] | None:
    if not isinstance(value, Mapping) or set(value) - {"low", "high"}:
        raise InvalidInput({"tonnes": "Give the tonnage as its lowest and highest figure."})
    return _pair(value.get("low"), value.get("high")) or None


def _cargo(value: Any, resolver: Resolver) -> list[dict[str, Any]]:
    lines = []
    for line in _listed("cargo", value):
        if not isinstance(line, Mapping):
            raise InvalidInput({"cargo": "Give each cargo line with its category."})
        kept: dict[str, Any] = {
            "category": checking.choice("cargo", line.get("category"), CargoCategory, required=True),
            "description": checking.text("cargo", line.get("description") or ""),
            "unit": checking.text("cargo", line.get("unit") or "", limit=40),
        }
        quantity = checking.decimal("cargo", line.get("quantity"))
        if quantity is not None:
            kept["quantity"] = tonnes_text(quantity)
        kept |= {
            f"tonnes_{end}": t for end, t in _pair(line.get("tonnes_low"), line.get("tonnes_high")).items()
        }
        lines.append({name: item for name, item in kept.items() if item != ""})
    return lines


def _references(value: Any, resolver: Resolver) -> list[dict[str, str]]:
    pairs = set()
    for row in _listed("references", value):
        if not isinstance(row, Mapping):
            raise InvalidInput({"references": "Give each reference with its issuer and number."})
        issuer = checking.text("references", row.get("issuer") or "", limit=100, required=True)
        pairs.add((issuer, checking.text("references", row.get("number") or "", limit=100, required=True)))
    return [{"issuer": issuer, "number": number} for issuer, number in sorted(pairs)]


def _sponsors(value: Any, resolver: Resolver) -> list[str]:
    codes = [_code(resolver.organisation, "sponsors", code) for code in _listed("sponsors", value)]
    return list(dict.fromkeys(codes))


def _planned(name: str) -> Callable[[Any, Resolver], str]:
    def read(value: Any, resolver: Resolver) -> str:
        return instant(checking.planned(name, value))

    return read


_READERS: dict[Item, Callable[[Any, Resolver], Any]] = {
    Item.TONNES: _tonnes,
    Item.TRUCKS: lambda value, resolver: checking.count("trucks", value),
    Item.CARGO: _cargo,
    Item.SPONSORS: _sponsors,
    Item.CARRIER: lambda value, resolver: _code(resolver.organisation, "carrier", value),
    Item.CONSIGNEE: lambda value, resolver: _code(resolver.organisation, "consignee", value),
    Item.ORIGIN: lambda value, resolver: _code(resolver.place, "origin", value),
    Item.DESTINATION: lambda value, resolver: _code(resolver.place, "destination", value),
    Item.ROUTE: lambda value, resolver: _code(resolver.route, "route", value),
    Item.PLANNED_DEPARTURE: _planned("planned_departure"),
    Item.DUE_ARRIVAL: _planned("due_arrival"),
    Item.REFERENCES: _references,
}
