"""Who is in charge of a hold, as readers see it: staff by name, partners that the desk is."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from convoys.models import Convoy
from convoys.queries.responses import charges_of_holds, name_of
from convoys.queries.visibility import Viewer


def put_charges(viewer: Viewer, convoys: Iterable[Convoy]) -> None:
    """Note on each of these convoys, as `charge`, in words who is in charge of the hold that runs now.

    Two queries; of another day there is nothing to note.
    """
    rows = list(convoys)
    holders = charges_of_holds(convoy.pk for convoy in rows) if rows else {}
    for convoy in rows:
        holder = holders.get(convoy.pk)
        words = ""
        if holder is not None:
            name = {"name": name_of(holder.user)}
            words = _("%(name)s is in charge") % name if viewer.is_staff else _("the desk has taken charge")
        convoy.__dict__["charge"] = words
