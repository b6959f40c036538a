"""Filters of lists on another day: which convoys had this route, this sponsor, this flag then.

What never changed is read from the columns, which then say of that day what they say of today; the
convoys where it did change are set back by `as_of.set_back`, once for each question. Conditions of
flags are for `desk.desk_convoys_at`, whose rows are joined to their state interval of then.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, prefetch_related_objects

from accounts.models import Organisation
from convoys.clocks import silent_from, zone_named
from convoys.models import Convoy, Event, OtherReference, Part, PlaceName
from convoys.queries.as_of import Moment, intervals_at, known_then, set_back
from convoys.queries.desk import desk_convoys_at, silence_limit
from convoys.replay import History
from convoys.vocabulary import KINDS, OPEN_STATES, Act, Item

ITEMS = (
    Item.ROUTE, Item.SPONSORS, Item.ORIGIN, Item.DESTINATION, Item.REFERENCES, Item.DUE_ARRIVAL,
)  # fmt: skip
STATING = frozenset(code for code, kind in KINDS.items() if kind.items.intersection(ITEMS))
REPORTING = frozenset(code for code, kind in KINDS.items() if kind.reports)
IS_OPEN = Q(of_then__state__in=OPEN_STATES)


def _changed() -> QuerySet[Event]:
    """Entries by which an item that is filtered by may say now what it did not say at every moment."""
    stated = Q()
    for item in ITEMS:
        stated |= Q(declares__has_key=item.value)
    amended = Q(act=Act.RECORD) & ~Q(kind="registered") & stated
    return Event.objects.filter(amended | ~Q(act=Act.RECORD), kind__in=STATING, convoy__isnull=False)


def other_references(numbers: Collection[str], issuer: str | None = None) -> QuerySet[OtherReference]:
    """The other references with one of these numbers, of one issuer or of all."""
    found = OtherReference.objects.filter(number__in=numbers)
    return found if issuer is None else found.filter(issuer=issuer)


@dataclass(frozen=True)
class Search:
    """What words that somebody looks for can mean of a convoy."""

    words: str

    @cached_property
    def places(self) -> set[str]:
        found = PlaceName.objects.filter(name__icontains=self.words)
        return set(found.values_list("place", flat=True))

    @cached_property
    def sponsors(self) -> set[str]:
        named = Q(name__icontains=self.words) | Q(names__name__icontains=self.words)
        return set(Organisation.objects.filter(named).values_list("code", flat=True))

    def now(self) -> Q:
        """By reference, other references, sponsors, origin, destination and place, as they are."""
        return self.by_reference() | self.declared() | Q(stands_at__in=self.places)

    def by_reference(self) -> Q:
        return Q(reference__icontains=self.words)

    def declared(self) -> Q:
        """By what the columns say of the declaration."""
        by_sponsor = Convoy.objects.filter(
            organisations__part=Part.SPONSOR, organisations__organisation__in=self.sponsors
        )
        by_number = Convoy.objects.filter(other_references__number__icontains=self.words)
        return (
            Q(pk__in=by_sponsor)
            | Q(pk__in=by_number)
            | Q(origin__in=self.places)
            | Q(destination__in=self.places)
        )

    def fits(self, declared: dict[str, Any]) -> bool:
        """The same of a declaration at hand."""
        numbers = [str(row.get("number", "")) for row in declared.get(Item.REFERENCES) or ()]
        return bool(
            self.sponsors.intersection(declared.get(Item.SPONSORS) or ())
            or self.places.intersection({declared.get(Item.ORIGIN), declared.get(Item.DESTINATION)})
            or any(self.words.casefold() in number.casefold() for number in numbers)
        )


@dataclass
class FiltersOfADay:
    """One list's questions about one moment. What it reads it reads once."""

    moment: Moment

    def on_route(self, code: str) -> Q:
        return self._where(Q(route=code), lambda declared: declared.get(Item.ROUTE) == code)

    def sponsored_by(self, code: str) -> Q:
        sponsored = Convoy.objects.filter(organisations__part=Part.SPONSOR, organisations__organisation=code)
        return self._where(Q(pk__in=sponsored), lambda declared: code in (declared.get(Item.SPONSORS) or ()))

    def found_by(self, words: str) -> Q:
        """By reference, or by what it was said to be and where it stood then: its other references,
        sponsors, origin, destination and place, as things are named now."""
        search = Search(words)
        standing = intervals_at(self.moment).filter(convoy=OuterRef("pk"), stands_at__in=search.places)
        return search.by_reference() | Q(Exists(standing)) | self._where(search.declared(), search.fits)

    def referred_to_as(self, numbers: Collection[str], issuer: str | None = None) -> Q:
        """By one of these numbers of an issuer's, or of anybody's."""
        named = other_references(numbers, issuer)

        def fits(declared: dict[str, Any]) -> bool:
            return any(
                row.get("number") in numbers and issuer in (None, row.get("issuer"))
                for row in declared.get(Item.REFERENCES) or ()
            )

        return self._where(Q(pk__in=named.values("convoy")), fits)

    def overdue(self) -> Q:
        """Open then, and due before."""
        changed = [
            convoy.pk
            for convoy in self._set_back.values()
            if convoy.due_at is not None and convoy.due_at < self.moment.asked
        ]
        unchanged = ~Q(pk__in=_changed().values("convoy")) & Q(due_at__lt=self.moment.asked)
        return IS_OPEN & (unchanged | Q(pk__in=changed))

    def tracking_ended(self) -> Q:
        ended = Convoy.objects.filter(events__kind="tracking_ended").distinct()
        return Q(pk__in=[convoy.pk for convoy in self._then(ended) if convoy.tracking_ended_at is not None])

    def silent(self) -> Q:
        """Open then, still tracked, and nobody had reported for the silence limit."""
        return Q(
            pk__in=[convoy.pk for convoy in self._then(self._perhaps_silent()) if self._is_silent(convoy)]
        )

    def routes_named(self) -> set[str]:
        """Routes that a convoy had then and has no more."""
        return {str(code) for declared in self._declared.values() if (code := declared.get(Item.ROUTE))}

    def sponsors_named(self) -> set[str]:
        """Sponsors that a convoy had then and may have no more."""
        return {code for declared in self._declared.values() for code in declared.get(Item.SPONSORS) or ()}

    def _where(self, unchanged: Q, holds: Any) -> Q:
        then = [key for key, declared in self._declared.items() if holds(declared)]
        return ~Q(pk__in=_changed().values("convoy")) & unchanged | Q(pk__in=then)

    def _perhaps_silent(self) -> QuerySet[Convoy]:
        """Open convoys then, but those of which a report that still stands is young enough for sure."""
        revised = Event.objects.filter(chain=OuterRef("chain"), sequence__gt=OuterRef("sequence"))
        reports = known_then(Event.objects.filter(kind__in=REPORTING, act=Act.RECORD), self.moment)
        young = reports.filter(
            ~Exists(revised),
            convoy=OuterRef("pk"),
            effective_at__lte=self.moment.asked,
            occurred_at__gt=self.moment.asked - silence_limit(),
        )
        return desk_convoys_at(self.moment).filter(IS_OPEN).exclude(Exists(young))

    def _is_silent(self, convoy: Convoy) -> bool:
        last = convoy.last_reported_at
        if last is None or convoy.tracking_ended_at is not None:
            return False
        zone = zone_named(convoy.stands_at.time_zone if convoy.stands_at else "")
        return silent_from(last, convoy.last_reported_precision, zone) < self.moment.asked

    def _then(self, convoys: QuerySet[Convoy]) -> list[Convoy]:
        found = list(Convoy.objects.filter(pk__in=convoys.values("pk")))
        set_back(found, self.moment)
        prefetch_related_objects(found, "stands_at")
        return [convoy for convoy in found if convoy.status]

    @cached_property
    def _keys(self) -> list[int]:
        return list(_changed().values_list("convoy", flat=True).distinct())

    @cached_property
    def _histories(self) -> tuple[dict[int, Convoy], dict[int, History]]:
        found = Convoy.objects.in_bulk(self._keys)
        return found, set_back(found.values(), self.moment)

    @property
    def _set_back(self) -> dict[int, Convoy]:
        return self._histories[0]

    @property
    def _declared(self) -> dict[int, dict[str, Any]]:
        return {key: history.declaration for key, history in self._histories[1].items()}
