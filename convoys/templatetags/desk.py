"""What the desk's pages say: whose clock a time was read by, what an entry carries, what is alleged."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django import template
from django.contrib.admin.utils import quote
from django.forms import BoundField
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from convoys import wording
from convoys.cargo_wording import LinkShown, PartShown, account_lines, link_lines
from convoys.clocks import zone_named
from convoys.models import Convoy, Event
from convoys.queries.as_of import Moment
from convoys.queries.cargo import account_in, links_told
from convoys.queries.visibility import Viewer
from convoys.replay import History
from convoys.templatetags.look import moment
from convoys.vocabulary import KINDS, Bound, Cause, Item

register = template.Library()
# The desk's pages are for staff alone.
STAFF = Viewer(is_staff=True)


@register.simple_tag
def desk_input(field: BoundField) -> SafeString:
    """A field's input, tied to its hint and errors for those who hear the page."""
    about = []
    if field.help_text:
        about.append(f"{field.auto_id}_hint")
    if field.errors:
        about.append(f"{field.auto_id}_error")
    attrs: dict[str, Any] = {"aria-describedby": " ".join(about) or None}
    if field.errors:
        attrs["aria-invalid"] = "true"
    return field.as_widget(attrs={key: value for key, value in attrs.items() if value})


@register.simple_tag
def desk_zone(form: Any) -> dict[str, str]:
    """The clock that the times of a form are read by: its offset now, and its name."""
    zone = form.home
    return {"offset": _offset(timezone.now().astimezone(zone)), "name": str(zone)}


@register.simple_tag
def desk_other_zone(form: Any, code: str) -> str:
    """The offset of a place's clock where it differs from the form's."""
    if code and code not in form.choices.places:
        return ""
    now = timezone.now()
    other = _offset(now.astimezone(form.choices.zone_of(code or None)))
    return "" if other == _offset(now.astimezone(form.home)) else other


def _offset(local: datetime) -> str:
    name = local.strftime("%z")
    minutes = f":{name[3:5]}" if name[3:5] != "00" else ""
    return f"UTC{name[0]}{int(name[1:3])}{minutes}"


@register.simple_tag
def desk_organisations(form: Any) -> list[str]:
    choices = getattr(form, "choices", None)
    return [name for _code, name in choices.organisations] if choices else []


@register.simple_tag
def desk_url(subject: Any, act: str, *args: Any) -> str:
    return str(subject.url(act, *args))


@register.simple_tag
def desk_link(convoy: Convoy) -> SafeString:
    url = reverse("admin:convoys_convoy_change", args=[quote(convoy.pk)])
    return format_html('<a class="ref" href="{}">{}</a>', url, convoy.reference)


@register.simple_tag
def desk_when(event: Event) -> SafeString:
    return moment(event.occurred_at, event.precision, event.bound, zone_named(event.time_zone), "short")


@register.simple_tag
def desk_kind(code: str) -> str:
    return str(KINDS[code].label) if code in KINDS else code


@register.simple_tag
def desk_points(points: tuple[str, ...]) -> str:
    """ "contested: who, why"."""
    return _("contested: %(points)s") % {"points": ", ".join(_(point) for point in points)}


@register.simple_tag
def desk_seconds(then: datetime | None, now: datetime) -> int:
    return max(int((now - then).total_seconds()), 0) if then else 0


@register.simple_tag
def desk_carried(event: Event) -> list[tuple[str, str]]:
    """What an event carries beside its time and place, label and value."""
    told: list[tuple[str, str]] = []
    if event.heading:
        told.append((_("on to"), str(event.heading)))
    if event.decided_by:
        told.append((_("decided by"), str(event.get_decided_by_display())))
    if event.decided_by_organisation:
        told.append((_("namely"), event.decided_by_organisation.name))
    if event.access:
        told.append((_("access"), str(event.get_access_display())))
    if event.loss_mode:
        told.append((_("how"), str(event.get_loss_mode_display())))
    if event.trucks is not None:
        told.append((_("trucks"), str(event.trucks)))
    if event.tonnes_low is not None:
        told.append((_("load"), wording.tonnes(event.tonnes_low, event.tonnes_high)))
    for label, low, high in (
        (_("damaged"), event.damaged_tonnes_low, event.damaged_tonnes_high),
        (_("refused"), event.refused_tonnes_low, event.refused_tonnes_high),
    ):
        if low is not None:
            told.append((label, wording.tonnes(low, high)))
    if event.shortfall_reason:
        told.append((_("less than declared"), str(event.get_shortfall_reason_display())))
    if event.next_carrier:
        told.append((_("next carrier"), event.next_carrier.name))
    if event.other_convoy:
        told.append((_("goes on as"), event.other_convoy.reference))
    stated = [str(Item(name).label) for name in event.declares if name in Item.values]
    if stated:
        told.append((_("states"), ", ".join(stated)))
    if "visible_to" in event.declares:
        told.append((_("seen by"), _sharing(event.declares["visible_to"])))
    return told


@register.simple_tag
def desk_cargo(history: History) -> list[PartShown]:
    """What became of a convoy's cargo by this history, line by line, as staff may read it."""
    return account_lines(account_in(history, history))


@register.simple_tag
def desk_links(convoy: Convoy, moment: Moment) -> list[LinkShown]:
    """The convoys that a convoy is tied to, as known at the moment shown."""
    return link_lines(convoy, links_told(convoy, STAFF, moment))


def _sharing(visible_to: Any) -> str:
    if visible_to == "all_partners":
        return _("all partners")
    return (
        _("its parties and %(named)s") % {"named": ", ".join(visible_to)}
        if visible_to
        else _("its parties only")
    )


@register.simple_tag
def desk_alleged(account: Any) -> list[tuple[str, str]]:
    """What an account alleges, label and value, as that speaker tells it."""
    claim = account.claim
    told: list[tuple[str, str]] = []
    if account.holders:
        told.append((_("held by"), "; ".join(account.holders)))
    if account.causes:
        told.append((_("cause"), "; ".join(str(Cause(code).label) for code in account.causes)))
    if claim.alleged_at:
        zone = zone_named(claim.alleged_place.time_zone if claim.alleged_place else "")
        told.append(
            (_("when"), wording.moment(claim.alleged_at, claim.alleged_precision, Bound.AT, zone, short=True))
        )
    if claim.alleged_place:
        told.append((_("where"), str(claim.alleged_place)))
    if account.words.get("alleged_place_words"):
        told.append((_("where"), str(account.words["alleged_place_words"])))
    if claim.alleged_convoy:
        told.append((str(claim.get_alleged_link_display()), claim.alleged_convoy.reference))
    if claim.alleged_access:
        told.append((_("access"), str(claim.get_alleged_access_display())))
    if claim.alleged_order:
        told.append((_("order"), str(claim.get_alleged_order_display())))
    if claim.alleged_trucks is not None:
        told.append((_("trucks"), str(claim.alleged_trucks)))
    if claim.alleged_tonnes_low is not None:
        low: Decimal | None = claim.alleged_tonnes_low
        told.append((_("tonnes"), wording.tonnes(low, claim.alleged_tonnes_high)))
    return told
