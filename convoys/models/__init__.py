"""Shape, constraints and indexes of what is stored."""

from convoys.models.alerting import (
    Alert,
    Deadline,
    DeadlineState,
    Policy,
    PolicyStep,
    Scope,
    Severity,
    Sweep,
    Telling,
    Watch,
)
from convoys.models.claim import Claim
from convoys.models.convoy import CargoLine, Convoy, ConvoyOrganisation, OtherReference, Part, StateInterval
from convoys.models.document import Document
from convoys.models.event import ChangeSet, Event
from convoys.models.kept import KeptText
from convoys.models.ledger import EntryType, Erasure, LedgerEntry, LedgerHead, LedgerNode, Words
from convoys.models.master_data import MasterData
from convoys.models.messaging import (
    MailLink,
    MailSettings,
    Message,
    MessageState,
    Notification,
    NotificationState,
)
from convoys.models.offered import AccountOffered, OfferState
from convoys.models.place import ControlPoint, Place, PlaceName
from convoys.models.response import AlertResponse, ResponseDoor, ResponseKind
from convoys.models.route import Agreement, Route, RouteStop
from convoys.models.subscription import SCOPE, Channel, Rhythm, Subscription
from convoys.models.visibility import VisibilityChange
from convoys.models.webhook import Webhook, WebhookAttempt

__all__ = [
    "SCOPE",
    "AccountOffered",
    "Agreement",
    "Alert",
    "AlertResponse",
    "CargoLine",
    "ChangeSet",
    "Channel",
    "Claim",
    "ControlPoint",
    "Convoy",
    "ConvoyOrganisation",
    "Deadline",
    "DeadlineState",
    "Document",
    "EntryType",
    "Erasure",
    "Event",
    "KeptText",
    "LedgerEntry",
    "LedgerHead",
    "LedgerNode",
    "MailLink",
    "MailSettings",
    "MasterData",
    "Message",
    "MessageState",
    "Notification",
    "NotificationState",
    "OfferState",
    "OtherReference",
    "Part",
    "Place",
    "PlaceName",
    "Policy",
    "PolicyStep",
    "ResponseDoor",
    "ResponseKind",
    "Rhythm",
    "Route",
    "RouteStop",
    "Scope",
    "Severity",
    "StateInterval",
    "Subscription",
    "Sweep",
    "Telling",
    "VisibilityChange",
    "Watch",
    "Webhook",
    "WebhookAttempt",
    "Words",
]
