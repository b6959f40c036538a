"""Staff roles, as Django groups. Partners hold none: they are users with an organisation."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import TYPE_CHECKING

from django.contrib.auth.models import Group

if TYPE_CHECKING:
    from accounts.models import User


class Role(IntEnum):
    """A role may do whatever a lower one may; NONE is a partner or a stranger."""

    NONE = 0
    VIEWER = 10
    DESK_OFFICER = 20
    COORDINATOR = 30
    ADMINISTRATOR = 40

    @property
    def group_name(self) -> str:
        return self.name.replace("_", " ").lower()

    @property
    def label(self) -> str:
        return self.group_name.capitalize()


STAFF_ROLES = (Role.VIEWER, Role.DESK_OFFICER, Role.COORDINATOR, Role.ADMINISTRATOR)


def role_of(user: User | None) -> Role:
    """The highest role that an active member of staff holds, else NONE.

    Group names are read once per user object: a request asks many times.
    """
    if user is None or not user.is_authenticated or not user.is_active or not user.is_staff:
        return Role.NONE
    if user.is_superuser:
        return Role.ADMINISTRATOR
    cached = user._role
    if cached is None:
        cached = _highest(set(user.groups.values_list("name", flat=True)))
        user._role = cached
    return cached


def read_roles(users: Iterable[User]) -> None:
    """Read the roles of many people at once, so that `role_of` asks nothing more."""
    asked = [user for user in users if user.is_staff and not user.is_superuser]
    held: dict[int, set[str]] = {user.pk: set() for user in asked}
    for pk, name in Group.objects.filter(user__in=held).values_list("user", "name"):
        held[pk].add(name)
    for user in asked:
        user._role = _highest(held[user.pk])


def note_groups(user: User, group_names: Iterable[str]) -> None:
    """Say in which groups this person is, as read elsewhere: `role_of` asks nothing more."""
    user._role = _highest(set(group_names))


def _highest(group_names: set[str]) -> Role:
    return max((role for role in STAFF_ROLES if role.group_name in group_names), default=Role.NONE)


def may(user: User | None, role: Role) -> bool:
    """Whether the user holds this role or a higher one."""
    return role_of(user) >= role
