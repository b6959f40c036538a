"""Addresses of what a program manages of its own, made by one owner: everybody else meets a 404."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from accounts.models import User
from accounts.tokens import issue_token
from tests import factories as make

# By the router's name: the address, and the methods that it has. {own} stands for the key of one
# that the owner made; lists are everybody's, each of their own.
LISTS = {"tokens": ("tokens", {"GET", "POST"})}
DETAILS = {"token": ("tokens/{own}", {"GET", "DELETE"})}
OWN = LISTS | DETAILS


@dataclass
class Property:
    """One person with one of everything, and its address by the router's name."""

    owner: User
    addresses: dict[str, str]


def property_of(owner: User) -> Property:
    keys: dict[str, Any] = {"token": issue_token(owner, "one")[0].pk}
    return Property(owner, {name: path.format(own=keys[name]) for name, (path, _) in DETAILS.items()})


def owner() -> User:
    return make.partner("third_society")
