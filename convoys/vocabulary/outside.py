"""The nearest outside code of ours, where there is one: what other systems call the same thing.

UN/CEFACT Recommendation 24 (transport status) has no code for a hold at a checkpoint: 90, movement
stopped, is the nearest. Its 112, 315 and 326 are commercial holds and are never used. Sectors are
those of the HDX Humanitarian API.
"""

from __future__ import annotations

from convoys.vocabulary.codes import SECTOR_OF, State

REC24, HDX_SECTOR = "un_cefact_rec24", "hdx_sector"

REC24_OF_STATE = {
    State.DISPATCHED: "27",
    State.STOPPED: "90",
    State.HELD: "90",
    State.DELIVERED: "21",
    State.RETURNED: "82",
    State.LOST: "49",
}
REC24_OF_KIND = {
    "departed": "27",
    "stopped": "90",
    "resumed": "31",
    "held": "90",
    "released": "78",
    "delivered": "21",
    "returned": "82",
    "lost": "49",
    "access_denied": "77",
    "refused_by_recipient": "325",
    "part_delivered": "73",
    "part_lost": "330",
    "rerouted": "35",
}


def outside_codes() -> dict[str, dict[str, dict[str, str]]]:
    """By the name of a list and a code of ours: the outside scheme's name and its code."""
    return {
        "states": {state.value: {REC24: code} for state, code in REC24_OF_STATE.items()},
        "kinds": {kind: {REC24: code} for kind, code in REC24_OF_KIND.items()},
        "cargo_categories": {category.value: {HDX_SECTOR: code} for category, code in SECTOR_OF.items()},
    }
