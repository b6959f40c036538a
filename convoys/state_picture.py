"""The state machine as an SVG picture, drawn from the table that the FSM declaration gives.

The places of the states are laid out by hand; which arrows there are, and what they are called,
comes from the code, so that the picture cannot tell another story. A missing state or an arrow
without room shows as an error in the test that holds `docs/state-machine.svg` to this.
"""

from __future__ import annotations

from collections import defaultdict
from html import escape
from types import SimpleNamespace

from convoys.transitions import TRANSITIONS, Rule
from convoys.vocabulary import FINAL_STATES, KINDS, UNREGISTERED, State

WIDTH, HEIGHT = 1040, 560
BOX_WIDTH, BOX_HEIGHT = 124, 44
UNDER_WAY = "under way"
CENTRES: dict[str, tuple[int, int]] = {
    UNREGISTERED: (120, 40),
    State.PLANNED: (120, 150),
    State.DISPATCHED: (560, 130),
    State.HELD: (430, 400),
    State.STOPPED: (690, 400),
    State.DELIVERED: (960, 110),
    State.RETURNED: (960, 270),
    State.LOST: (960, 430),
    State.CANCELLED: (120, 500),
}
# Dispatched, stopped and held share a frame: what leads out of all three is drawn once, from it.
FRAME = (330, 30, 470, 470)
FRAMED = (State.DISPATCHED, State.STOPPED, State.HELD)
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #14171b; }
.label { font-size: 12px; fill: #444a52; paint-order: stroke; stroke: #fcfcfa; stroke-width: 5px; }
.state { fill: #ffffff; stroke: #14171b; stroke-width: 1.5; }
.final { stroke-width: 3.5; }
.held { fill: #b3211a; stroke: #b3211a; }
.name { font-weight: 650; text-anchor: middle; }
.on-held { fill: #ffffff; }
.frame { fill: none; stroke: #878d94; stroke-dasharray: 5 4; }
.frame-name { font-size: 12px; fill: #61686f; font-style: italic; }
.arrow { fill: none; stroke: #61686f; stroke-width: 1.4; marker-end: url(#head); }
""".strip()

Arrow = tuple[str, str]


def arrows() -> dict[Arrow, list[str]]:
    """(from, to) to the labels of the kinds that lead there; from `UNDER_WAY` where all three do."""
    found: dict[Arrow, list[str]] = defaultdict(list)
    for kind, rules in TRANSITIONS.items():
        label = str(KINDS[kind].label).lower()
        steps = {(source, *step) for source, rule in rules.items() for step in _targets(rule)}
        shared = {(target, when) for _, target, when in steps if {(s, target, when) for s in FRAMED} <= steps}
        for target, when in shared:
            found[UNDER_WAY, target].append(label + when)
        for source, target, when in sorted(steps):
            if source not in FRAMED or (target, when) not in shared:
                found[source, target].append(label + when)
    return dict(found)


def _targets(rule: Rule) -> set[tuple[str, str]]:
    """Where a rule leads, and under which condition, asked of a convoy before and after departure."""
    before, after = (rule.leads_to(SimpleNamespace(departed=departed)) for departed in (False, True))
    if before == after and after is not None:
        return {(after, "")}
    named = ((before, " (before departure)"), (after, " (after departure)"))
    return {(target, when) for target, when in named if target is not None}


def _edge(state: str, towards: tuple[float, float]) -> tuple[float, float]:
    """Where the line from a state's centre towards a point leaves its box."""
    centre = CENTRES[state]
    half = (8.0, 8.0) if state == UNREGISTERED else (BOX_WIDTH / 2 + 3, BOX_HEIGHT / 2 + 3)
    dx, dy = towards[0] - centre[0], towards[1] - centre[1]
    scale = 1 / max(abs(dx) / half[0], abs(dy) / half[1], 0.001)
    return centre[0] + dx * scale, centre[1] + dy * scale


def _arrow(source: str, target: str, labels: list[str]) -> str:
    middle: tuple[float, float]
    if source == UNDER_WAY:
        x1, y1, (x2, y2) = _frame_exit(target)
        path = f"M{x1},{y1} L{x2:.0f},{y2:.0f}"
        middle = ((x1 + x2) / 2, (y1 + y2) / 2)
    else:
        start, end = CENTRES[source], CENTRES[target]
        # Both ways between two states bend to opposite sides.
        across = ((start[1] - end[1]) * 0.13, (end[0] - start[0]) * 0.13)
        bend = ((start[0] + end[0]) / 2 + across[0], (start[1] + end[1]) / 2 + across[1])
        (x1, y1), (x2, y2) = _edge(source, bend), _edge(target, bend)
        path = f"M{x1:.0f},{y1:.0f} Q{bend[0]:.0f},{bend[1]:.0f} {x2:.0f},{y2:.0f}"
        middle = ((x1 + 2 * bend[0] + x2) / 4, (y1 + 2 * bend[1] + y2) / 4)
    lines_of_text = [line for label in labels for line in label.replace(" (", "\n(").split("\n")]
    lines = "".join(
        f'<tspan x="{middle[0]:.0f}" dy="{0 if i == 0 else 14}">{escape(label)}</tspan>'
        for i, label in enumerate(lines_of_text)
    )
    top = middle[1] - 7 * (len(lines_of_text) - 1) + 4
    text = f'<text class="label" text-anchor="middle" y="{top:.0f}">{lines}</text>'
    return f'<path class="arrow" d="{path}"/>{text}'


def _frame_exit(target: str) -> tuple[float, float, tuple[float, float]]:
    """Start and end of an arrow that leaves the frame, or enters it again at its top."""
    x, y, width, _ = FRAME
    if target in FRAMED:
        centre = CENTRES[target]
        return centre[0] + 150.0, y + 0.0, _edge(target, (centre[0] + 150, y + 0.0))
    level = float(CENTRES[target][1])
    return x + width + 0.0, level, _edge(target, (x + width + 0.0, level))


def _box(state: str) -> str:
    x, y = CENTRES[state]
    if state == UNREGISTERED:
        return f'<circle cx="{x}" cy="{y}" r="7" fill="#14171b"/>'
    classes = "state" + (" final" if state in FINAL_STATES else "") + (" held" if state == State.HELD else "")
    name = "name on-held" if state == State.HELD else "name"
    return (
        f'<rect class="{classes}" x="{x - BOX_WIDTH // 2}" y="{y - BOX_HEIGHT // 2}" rx="4" '
        f'width="{BOX_WIDTH}" height="{BOX_HEIGHT}"/><text class="{name}" x="{x}" y="{y + 5}">{state}</text>'
    )


def state_machine_svg() -> str:
    """The picture, as one SVG document."""
    drawn = "\n".join(_arrow(source, target, labels) for (source, target), labels in sorted(arrows().items()))
    boxes = "\n".join(_box(state) for state in CENTRES)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">
<title>States of a convoy and the kinds of event that change them</title>
<style>{STYLE}</style>
<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto">
<path d="M0,0 L10,5 L0,10 z" fill="#61686f"/></marker></defs>
<rect width="{WIDTH}" height="{HEIGHT}" fill="#fcfcfa"/>
<rect class="frame" x="{FRAME[0]}" y="{FRAME[1]}" width="{FRAME[2]}" height="{FRAME[3]}" rx="8"/>
<text class="frame-name" x="{FRAME[0] + 12}" y="{FRAME[1] + 20}">{UNDER_WAY}</text>
{drawn}
{boxes}
</svg>
"""
