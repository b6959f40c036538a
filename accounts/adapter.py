"""How allauth behaves here."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class ClosedAccountAdapter(DefaultAccountAdapter):
    """Accounts are made by the desk: nobody signs up, neither by form nor through an identity provider."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
