"""The partners' API against what could be written by hand, each as a server of its own, asked in turn.

Ours checks tokens, counts requests and shows each asker what it may see; the others do nothing of this.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from importlib.util import find_spec
from statistics import median
from urllib.parse import quote

from django.db import connection

from accounts.models import User
from accounts.tokens import issue_token
from benchmarks.results import Options, Result
from benchmarks.serving import Program, Server, in_turn
from benchmarks.timing import Cost
from benchmarks.world import make_world
from convoys.api.pagination import Cursor
from convoys.models import Convoy, LedgerHead

# Answers asked for in one turn.
TIMES = 100
OURS = {"ENVIRONMENT": "embedded", "DJANGO_SETTINGS_MODULE": "benchmarks.peers.ours"}
PEERS = {"ENVIRONMENT": "embedded", "DJANGO_SETTINGS_MODULE": "benchmarks.peers.settings"}
# Of a page's rate.
AT_LEAST, BEHIND, AT_DEPTH = 0.6, 10, 1.1


def measure(options: Options) -> Iterator[Result]:
    """Lists, depth, details, the feed and a poll that finds nothing new."""
    world = make_world()
    with ExitStack() as running:
        ours = running.enter_context(Server("convoytracker.wsgi:application", **OURS))
        peers = running.enter_context(Server("benchmarks.peers.django_app:application", **PEERS))
        fast = _fast(running)
        staff, partner = _headers(world.viewer), _headers(world.partner)
        yield from _lists(ours, peers, fast, staff, options)
        yield from _for_a_partner(ours, peers, partner, options)
        yield from _depth(ours, staff, options)
        yield from _details(ours, peers, staff, options)
        yield from _feed(ours, peers, staff, options)
        yield from _nothing_new(ours, staff, options)


def _fast(running: ExitStack) -> Server | None:
    if not all(find_spec(name) for name in ("fastapi", "asyncpg")):
        print("FastAPI and asyncpg are not installed: left out (pip install fastapi asyncpg).", flush=True)
        return None
    return running.enter_context(Server("benchmarks.peers.fast:app", "asgi"))


def _headers(user: User) -> dict[str, str]:
    return {"Authorization": f"Bearer {issue_token(user, 'benchmark')[1]}"}


def _lists(
    ours: Server, peers: Server, fast: Server | None, asker: Mapping[str, str], options: Options
) -> Iterator[Result]:
    programs = {
        "ours": Program(ours, "/api/v1/convoys?page_size=100", asker),
        "raw": Program(peers, "/raw/convoys"),
        "stock": Program(peers, f"/stock/convoys?offset={options.convoys // 2}"),
    }
    if fast is not None:
        programs["fast"] = Program(fast, "/convoys")
    costs = _asked(programs, options)
    yield _rate("list of 100, rate against json_agg", costs, "raw", AT_LEAST)
    if fast is not None:
        yield _rate("list of 100, rate against FastAPI, asyncpg and orjson", costs, "fast", None, 1.0)
    yield _rate("list of 100, rate against REST framework half way through", costs, "stock", BEHIND)


def _for_a_partner(
    ours: Server, peers: Server, asker: Mapping[str, str], options: Options
) -> Iterator[Result]:
    programs = {"ours": Program(ours, "/api/v1/convoys", asker), "raw": Program(peers, "/raw/convoys")}
    costs = _asked(programs, options)
    yield _rate("list of 100 of its own for a partner, rate against json_agg", costs, "raw", None)


def _depth(ours: Server, asker: Mapping[str, str], options: Options) -> Iterator[Result]:
    half = Cursor(f"B-{options.convoys // 2:07d}").encode()
    programs = {
        "ours": Program(ours, f"/api/v1/convoys?cursor={half}", asker),
        "first": Program(ours, "/api/v1/convoys", asker),
    }
    costs = _asked(programs, options)
    figure = costs["ours"].wall / costs["first"].wall
    yield Result(
        f"page at depth {options.convoys // 2:,} against the first", figure, "x", AT_DEPTH, note=_told(costs)
    )


def _details(ours: Server, peers: Server, asker: Mapping[str, str], options: Options) -> Iterator[Result]:
    reference = quote(Convoy.objects.order_by("pk").values_list("reference", flat=True)[7])
    programs = {
        "ours": Program(ours, f"/api/v1/convoys/{reference}", asker),
        "raw": Program(peers, f"/raw/convoys/{reference}"),
    }
    yield _rate("detail with timeline, rate against json_agg", _asked(programs, options), "raw", AT_LEAST)


def _feed(ours: Server, peers: Server, asker: Mapping[str, str], options: Options) -> Iterator[Result]:
    after = LedgerHead.objects.values_list("size", flat=True).get() // 2
    programs = {
        "ours": Program(ours, f"/api/v1/events?after={after}&page_size=500", asker),
        "raw": Program(peers, f"/raw/events?after={after}"),
    }
    yield _rate("feed of 500, rate against json_agg", _asked(programs, options, 20), "raw", AT_LEAST)


def _nothing_new(ours: Server, asker: Mapping[str, str], options: Options) -> Iterator[Result]:
    page = Program(ours, "/api/v1/convoys?page_size=100", asker)
    named = dict(asker) | {"If-None-Match": str(page.ask()[1]["ETag"])}
    # A shape of which no texts are kept: what a page costs where it has to be made.
    made = Program(ours, "/api/v1/convoys?page_size=100&expand=sponsors", asker)
    programs = {"ours": Program(ours, page.path, named, 304), "made": made, "kept": page}
    costs = _asked(programs, options)
    made_note = (
        f"{_told(costs)} Against the page out of kept texts {costs['ours'].cpu / costs['kept'].cpu:.2f}."
    )
    yield Result(
        "304, CPU against a page that is made",
        costs["ours"].cpu / costs["made"].cpu,
        "x",
        0.2,
        note=made_note,
    )


def _asked(programs: Mapping[str, Program], options: Options, times: int = TIMES) -> dict[str, Cost]:
    """The median of the rounds; what is slow is asked for less often."""
    many = {name: times if name != "stock" else max(1, times // 20) for name in programs}
    for program in programs.values():
        program.cost(1)
    with connection.cursor() as cursor:  # what the database does by itself a minute after texts were kept
        cursor.execute("ANALYZE convoys_kepttext")
    found = in_turn(programs, many, options.rounds)
    return {
        name: Cost(median(one.wall for one in costs), median(one.cpu for one in costs))
        for name, costs in found.items()
    }


def _rate(
    name: str, costs: Mapping[str, Cost], peer: str, limit: float | None, stretch: float | None = None
) -> Result:
    figure = costs[peer].wall / costs["ours"].wall
    return Result(name, figure, "x", limit, stretch, is_floor=True, note=_told(costs))


def _told(costs: Mapping[str, Cost]) -> str:
    shown = (f"{name} {cost.wall * 1e3:.2f} ms ({cost.cpu * 1e3:.2f} ms CPU)" for name, cost in costs.items())
    return f"{'; '.join(shown)}."
