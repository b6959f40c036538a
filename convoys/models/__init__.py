"""Shape, constraints and indexes of what is stored."""

from convoys.models.claim import Claim
from convoys.models.convoy import CargoLine, Convoy, ConvoyOrganisation, OtherReference, Part, StateInterval
from convoys.models.event import ChangeSet, Event
from convoys.models.ledger import EntryType, Erasure, LedgerEntry, LedgerHead, LedgerNode, Words
from convoys.models.place import ControlPoint, Place, PlaceName
from convoys.models.route import Agreement, Route, RouteStop

__all__ = [
    "Agreement",
    "CargoLine",
    "ChangeSet",
    "Claim",
    "ControlPoint",
    "Convoy",
    "ConvoyOrganisation",
    "EntryType",
    "Erasure",
    "Event",
    "LedgerEntry",
    "LedgerHead",
    "LedgerNode",
    "OtherReference",
    "Part",
    "Place",
    "PlaceName",
    "Route",
    "RouteStop",
    "StateInterval",
    "Words",
]
