"""Closed lists of codes, each with its label: states, causes, categories and the like."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class State(TextChoices):
    """Where a convoy stands in its life. The empty string means: not yet registered."""

    PLANNED = "planned", _("planned")
    DISPATCHED = "dispatched", _("dispatched")
    STOPPED = "stopped", _("stopped")
    HELD = "held", _("held")
    DELIVERED = "delivered", _("delivered")
    RETURNED = "returned", _("returned")
    LOST = "lost", _("lost")
    CANCELLED = "cancelled", _("cancelled")


UNREGISTERED = ""
FINAL_STATES = frozenset({State.DELIVERED, State.RETURNED, State.LOST, State.CANCELLED})
OPEN_STATES = tuple(state for state in State if state not in FINAL_STATES)


class SubjectType(TextChoices):
    CONVOY = "convoy", _("convoy")
    CONTROL_POINT = "control_point", _("control point")
    AGREEMENT = "agreement", _("agreement")


class Act(TextChoices):
    """What an entry does to its chain."""

    RECORD = "record", _("recorded")
    CORRECT = "correct", _("corrected")
    RETRACT = "retract", _("retracted")


class Precision(TextChoices):
    MINUTE = "minute", _("to the minute")
    HOUR = "hour", _("to the hour")
    DAY = "day", _("to the day")
    MONTH = "month", _("to the month")


COARSENESS = {Precision.MINUTE: 0, Precision.HOUR: 1, Precision.DAY: 2, Precision.MONTH: 3}


class Bound(TextChoices):
    AT = "at", _("at")
    ABOUT = "about", _("about")
    BY = "by", _("by (no later than)")


class Audience(TextChoices):
    """Who may read an entry, narrowest first; each includes those before it."""

    STAFF = "staff", _("staff only")
    PARTIES = "parties", _("the convoy's sponsors, carrier and consignee")
    PARTNERS = "partners", _("all partners who see the subject")
    PUBLIC = "public", _("everybody")


class Stance(TextChoices):
    REPORTS = "reports", _("reports")
    CONFIRMS = "confirms", _("confirms")
    DISPUTES = "disputes", _("disputes")
    DENIES = "denies", _("denies")


class SpeakerKind(TextChoices):
    PARTY = "party", _("party to the dispute")
    CARRIER_STAFF = "carrier_staff", _("sender or carrier")
    MONITOR = "monitor", _("monitor on site")
    NEUTRAL = "neutral", _("neutral third party")
    MEDIA = "media", _("media")


class DecidedBy(TextChoices):
    OWN_SIDE = "own_side", _("its own side")
    OTHER = "other", _("another side")
    UNKNOWN = "unknown", _("not known")


class Access(TextChoices):
    """Whether a control point lets traffic pass."""

    OPEN = "open", _("open")
    RESTRICTED = "restricted", _("restricted")
    CLOSED = "closed", _("closed")
    CONTESTED = "contested", _("contested")
    UNKNOWN = "unknown", _("unknown")


# A route's access is the worst of its control points', in this order.
ACCESS_WORST_FIRST = (Access.CLOSED, Access.CONTESTED, Access.RESTRICTED, Access.UNKNOWN, Access.OPEN)


class Order(TextChoices):
    """The order of opening that an account of an agreement alleges."""

    TOGETHER = "together", _("together")
    AGHDAM_FIRST = "aghdam_first", _("Aghdam road first")
    LACHIN_FIRST = "lachin_first", _("Lachin road first")
    SEPARATE = "separate", _("separately")


class LossMode(TextChoices):
    CROWD = "crowd", _("taken by a crowd")
    ARMED = "armed", _("taken by armed people")
    THEFT = "theft", _("stolen")
    CONFISCATION = "confiscation", _("confiscated")
    DESTROYED = "destroyed", _("destroyed")
    INTERCEPTED = "intercepted", _("intercepted")
    UNKNOWN = "unknown", _("not known")


class CargoPart(TextChoices):
    """What can have become of a convoy's cargo: at the closing they add up to what was declared."""

    DELIVERED = "delivered", _("delivered")
    DAMAGED = "damaged", _("damaged")
    REFUSED = "refused", _("refused")
    LOST = "lost", _("lost")
    RETURNED = "returned", _("returned")
    SPLIT_OFF = "split_off", _("split off")


class ShortfallReason(TextChoices):
    """Why less arrived anywhere than was declared; who says so, and how, stands in the accounts."""

    LOADED_LESS = "loaded_less", _("less was loaded than declared")
    WEIGHING = "weighing", _("scales or counts differ")
    SPILLED = "spilled", _("spilled or spoiled on the way")
    USED = "used", _("used on the way")
    UNEXPLAINED = "unexplained", _("asked after, and not explained")


class ConvoyLink(TextChoices):
    """What a claim says one convoy is to another."""

    SPLIT_FROM = "split_from", _("split from")
    CONTINUES = "continues", _("continues")
    SAME_TRUCKS_AS = "same_trucks_as", _("same trucks as")
    DUPLICATE_OF = "duplicate_of", _("duplicate of")


class Cause(TextChoices):
    """Why a convoy does not move: nine types of ACAPS (after OCHA's access monitoring), then ours."""

    DENIAL_OF_NEEDS = "denial_of_needs", _("Denial of existence of humanitarian needs or entitlements")
    RESTRICTED_SERVICES = "restricted_services", _("Restriction and obstruction of access to services")
    ENTRY_IMPEDIMENTS = "entry_impediments", _("Impediments to entry into country")
    RESTRICTED_MOVEMENT = "restricted_movement", _("Restriction of movement")
    INTERFERENCE = "interference", _("Interference into humanitarian activities")
    VIOLENCE = "violence", _("Violence against personnel, facilities and assets")
    HOSTILITIES = "hostilities", _("Ongoing insecurity or hostilities")
    MINES = "mines", _("Mines and improvised explosive devices")
    PHYSICAL = "physical", _("Physical constraints in the environment")
    RECIPIENT_REFUSAL = "recipient_refusal", _("Refusal by the recipient")
    NO_AGREEMENT = "no_agreement", _("No agreement on the passage")
    PAPERWORK = "paperwork", _("Papers missing or not accepted")
    ESCORT = "escort", _("Waiting for an escort")
    INSPECTION = "inspection", _("Inspection")
    BREAKDOWN = "breakdown", _("Breakdown")
    WEATHER = "weather", _("Weather")
    UNKNOWN = "unknown", _("Not known")


class CargoCategory(TextChoices):
    FOOD = "food", _("Food")
    NUTRITION = "nutrition", _("Nutrition")
    SHELTER_NFI = "shelter_nfi", _("Shelter and non-food items")
    WASH = "wash", _("Water, sanitation and hygiene")
    HEALTH = "health", _("Health")
    EDUCATION = "education", _("Education")
    PROTECTION = "protection", _("Protection")
    FUEL = "fuel", _("Fuel")
    LOGISTICS_TELECOM = "logistics_telecom", _("Logistics and telecommunications equipment")
    MIXED = "mixed", _("Mixed")
    OTHER = "other", _("Other")


# Sector codes of the HDX Humanitarian API; mixed and other have none.
SECTOR_OF = {
    CargoCategory.FOOD: "FSC",
    CargoCategory.NUTRITION: "NUT",
    CargoCategory.SHELTER_NFI: "SHL",
    CargoCategory.WASH: "WSH",
    CargoCategory.HEALTH: "HEA",
    CargoCategory.EDUCATION: "EDU",
    CargoCategory.PROTECTION: "PRO",
    CargoCategory.FUEL: "LOG",
    CargoCategory.LOGISTICS_TELECOM: "TEL",
}


class PlaceKind(TextChoices):
    TOWN = "town", _("town")
    AREA = "area", _("area")
    POINT = "point", _("point")
    CONTROL_POINT = "control_point", _("control point")
    UNKNOWN = "unknown", _("place not stated")


class ControlPointType(TextChoices):
    CHECKPOINT = "checkpoint", _("checkpoint")
    CROSSING = "crossing", _("crossing")
    POST = "post", _("post")
    BRIDGE = "bridge", _("bridge")
    TRANSSHIPMENT = "transshipment", _("transshipment point")
    STRETCH = "stretch", _("stretch of road")


class Item(TextChoices):
    """Items of a declaration; an amendment replaces an item whole, null makes it unknown.

    `links` to other convoys are never declared: only claims say them.
    """

    TONNES = "tonnes", _("tonnage")
    TRUCKS = "trucks", _("trucks")
    CARGO = "cargo", _("cargo")
    SPONSORS = "sponsors", _("sponsors")
    CARRIER = "carrier", _("carrier")
    CONSIGNEE = "consignee", _("consignee")
    ORIGIN = "origin", _("origin")
    DESTINATION = "destination", _("destination")
    ROUTE = "route", _("route")
    PLANNED_DEPARTURE = "planned_departure", _("planned departure")
    DUE_ARRIVAL = "due_arrival", _("due arrival")
    REFERENCES = "references", _("other references")
    LINKS = "links", _("links to other convoys")


DECLARED_ITEMS = frozenset(Item) - {Item.LINKS}
PARTY_ITEMS = frozenset({Item.SPONSORS, Item.CARRIER, Item.CONSIGNEE})


class Implied(TextChoices):
    """Steps that an event proves and nobody reported; derived by replay, never stored."""

    RELEASED_IF_ELSEWHERE = "released_if_elsewhere"
    RELEASED_IF_PAST_HOLD = "released_if_past_hold"
    DEPARTED_IF_AWAY = "departed_if_away"
    DEPARTED_UNLESS_AT_ORIGIN = "departed_unless_at_origin"
    DEPARTED = "departed"
    RESUMED_IF_ELSEWHERE = "resumed_if_elsewhere"
    RESUMED = "resumed"

    @property
    def kind(self) -> str:
        return self.value.split("_", 1)[0]
