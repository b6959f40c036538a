"""Who asks with a token, and what an answer goes by of them: one going, made into SQL once."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db.models import Model

from accounts.models import ApiToken, User
from accounts.roles import note_groups
from accounts.tokens import digest_of, is_in_force
from convoys.queries.compiled import Compiled, instances

Found = TypeVar("Found", bound=Model)


def _columns(model: type[Model], before: str = "") -> list[str]:
    return [f"{before}{field.attname}" for field in model._meta.concrete_fields]


# A row for each group that the person is in, and one where there is none.
_TOKEN = Compiled(
    lambda: (
        ApiToken.objects.filter(digest="")
        .order_by()
        .values_list("user__groups__name", *_columns(ApiToken), *_columns(User, "user__"))
    )
)


def token_asking(secret: str) -> ApiToken | None:
    """The token in force with this secret, of an active user, with the user's role."""
    rows = _TOKEN.rows(digest_of(secret))
    if not rows:
        return None
    values = list(rows[0][1:])
    token, user = _taken(ApiToken, values), _taken(User, values)
    note_groups(user, (row[0] for row in rows))
    token.user = user
    return token if is_in_force(token) and user.is_active else None


def _taken(model: type[Found], values: list[Any]) -> Found:
    """The object of the first of these values, which it takes away."""
    count = len(model._meta.concrete_fields)
    row, values[:] = tuple(values[:count]), values[count:]
    return instances(model, [row])[0]
