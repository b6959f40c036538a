"""Taking an entry back: it stays readable, with the reason."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from convoys.admin.forms.base import DeskForm
from convoys.admin.forms.fields import Text


class RetractForm(DeskForm):
    reason = Text(
        _("Why it is taken back"),
        limit=2000,
        rows=2,
        required=True,
        help_text=_("Everybody who may read the entry reads the reason. The entry itself stays readable."),
    )
