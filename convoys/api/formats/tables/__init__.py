"""Which tables there are. A key of JSON that is in no column of its table fails a test."""

from convoys.api.formats.tables.figures import DURATIONS, HELD_NOW, TONNE_DAYS
from convoys.api.formats.tables.master_data import AGREEMENTS, CONTROL_POINTS, ORGANISATIONS, ROUTES
from convoys.api.formats.tables.record import CONVOYS, EPISODES, EVENTS
from convoys.api.formats.tables.vocabulary import VOCABULARY

__all__ = [
    "AGREEMENTS", "CONTROL_POINTS", "CONVOYS", "DURATIONS", "EPISODES", "EVENTS", "HELD_NOW",
    "ORGANISATIONS", "ROUTES", "TONNE_DAYS", "VOCABULARY",
]  # fmt: skip
