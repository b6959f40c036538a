"""The form for one subscription, on its owner's page and on the desk: what of, from which step, how, when."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from convoys.clocks import instance_zone
from convoys.models import Channel, Rhythm, Subscription, Watch, Webhook
from convoys.queries.subscribable import (
    convoys_to_suggest,
    subscribable_points,
    subscribable_routes,
    subscribable_sponsors,
    zones_to_suggest,
)
from convoys.queries.visibility import viewer_of
from convoys.services.alerting.policies import DAY, Ladders
from convoys.services.alerting.subscriptions import Wish
from convoys.services.messaging.phrases import step_words

MOST_SUGGESTED = 200


class WishForm(forms.Form):
    """One wish of `user`, who may name what they see, whoever fills it in.

    `how` is a channel, with the key of a webhook; `when` the hour of a digest, or empty.
    """

    convoy = forms.CharField(label=gettext_lazy("Only this convoy"), required=False, max_length=100)
    route = forms.ChoiceField(label=gettext_lazy("Only on this route"), required=False)
    control_point = forms.ChoiceField(label=gettext_lazy("Only at this control point"), required=False)
    sponsor = forms.ChoiceField(label=gettext_lazy("Only with this sponsor"), required=False)
    from_seconds = forms.TypedChoiceField(label=gettext_lazy("From which step on"), coerce=int)
    how = forms.ChoiceField(label=gettext_lazy("How"))
    when = forms.ChoiceField(
        label=gettext_lazy("When"), required=False, help_text=gettext_lazy("A webhook is told at once.")
    )
    language = forms.ChoiceField(label=gettext_lazy("Language of the mails"), required=False)
    time_zone = forms.CharField(label=gettext_lazy("Time zone"), required=False, max_length=64)

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        viewer = viewer_of(user)
        routes = [(route.pk, route.name) for route in subscribable_routes(viewer)]
        points = [(point.pk, str(point)) for point in subscribable_points(viewer)]
        sponsors = [(sponsor.pk, sponsor.name) for sponsor in subscribable_sponsors(viewer)]
        own = dict(settings.LANGUAGES).get(user.language, user.language)
        choices: dict[str, Any] = {
            "route": [("", _("any route")), *routes],
            "control_point": [("", _("any place")), *sorted(points, key=lambda point: point[1])],
            "sponsor": [("", _("any sponsor")), *sponsors],
            "from_seconds": _steps(self.initial.get("from_seconds", 0)),
            "how": _ways(user, str(self.initial.get("how", ""))),
            "when": [("", _("at once")), *((hour, _daily(hour)) for hour in range(24))],
            "language": [("", _("my own (%(language)s)") % {"language": own}), *settings.LANGUAGES],
        }
        for name, offered in choices.items():
            self.fields[name].choices = offered  # type: ignore[attr-defined]
        self.suggested = {
            "convoy": list(convoys_to_suggest(viewer).values_list("reference", flat=True)[:MOST_SUGGESTED]),
            "time_zone": zones_to_suggest(),
        }
        for name in self.suggested:
            self.fields[name].widget.attrs |= {"list": f"{name}-suggested", "autocomplete": "off"}
        self.fields["time_zone"].help_text = _("Empty: %(zone)s.") % {
            "zone": user.time_zone or instance_zone().key
        }

    def clean_time_zone(self) -> str:
        """A zone's name however its capitals are typed."""
        typed = str(self.cleaned_data["time_zone"]).replace(" ", "_")
        known = {zone.lower(): zone for zone in available_timezones()}
        return known.get(typed.lower(), typed)

    def wish(self) -> Wish:
        said = self.cleaned_data
        channel, _colon, webhook = said["how"].partition(":")
        return Wish(
            convoy=said["convoy"],
            control_point=said["control_point"],
            route=said["route"],
            sponsor=said["sponsor"],
            from_seconds=said["from_seconds"],
            channel=channel,
            webhook=int(webhook) if webhook else None,
            rhythm=Rhythm.DAILY if said["when"] else Rhythm.IMMEDIATE,
            digest_hour=int(said["when"]) if said["when"] else None,
            language=said["language"],
            time_zone=said["time_zone"],
        )

    def add_faults(self, faults: dict[str, str]) -> None:
        """What the service refused, beside the field that says it."""
        beside = {"channel": "how", "webhook": "how", "rhythm": "when", "digest_hour": "when"}
        for name, sentence in faults.items():
            field = beside.get(name, name)
            self.add_error(field if field in self.fields else None, sentence)


def as_typed(subscription: Subscription) -> dict[str, Any]:
    """A subscription as the form would have it."""
    webhook = f":{subscription.webhook_id}" if subscription.webhook_id else ""
    return {
        "convoy": subscription.convoy.reference if subscription.convoy else "",
        "route": subscription.route_id or "",
        "control_point": subscription.control_point_id or "",
        "sponsor": subscription.sponsor_id or "",
        "from_seconds": subscription.from_seconds,
        "how": f"{subscription.channel}{webhook}",
        "when": "" if subscription.digest_hour is None else subscription.digest_hour,
        "language": subscription.language,
        "time_zone": subscription.time_zone,
    }


def _ways(user: User, now: str) -> list[tuple[str, str]]:
    """By mail, or to one of the person's webhooks. What it is now is among them."""
    mail = (str(Channel.MAIL), _("by mail to %(address)s") % {"address": user.email or _("nobody yet")})
    webhooks = Webhook.objects.filter(user=user, ended_at=None, disabled_at=None)
    called = [(one.pk, one.description or one.url) for one in webhooks]
    ways = [mail, *((f"{Channel.WEBHOOK}:{key}", _("webhook: %s") % name) for key, name in called)]
    return ways if not now or now in dict(ways) else [*ways, (now, _("a webhook that is no longer called"))]


def _daily(hour: int) -> str:
    return _("once a day, at %(hour)s") % {"hour": f"{hour:02}:00"}


def _steps(now: int) -> list[tuple[int, str]]:
    """From the first step, from one of the default policy's, or as it is now."""
    ladder = Ladders([]).default(Watch.HELD)
    later = sorted(({rung.seconds for rung in ladder.steps} | {30 * DAY, now}) - {0})
    return [(0, _("the first step"))] + [
        (seconds, _("not before %(step)s") % {"step": step_words(seconds)}) for seconds in later
    ]
