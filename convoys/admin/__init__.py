"""The desk: Django's admin with our own pages for whatever moves a convoy.

Importing the rooms registers them. Master data is edited by Django's own forms; convoys, events,
claims and the ledger are only shown by them, and written by our forms through the one write path.
"""

from convoys.admin import (
    alerting,
    convoy_admin,
    ledger,
    mail_settings,
    masterdata,
    policies,
    replies,
    site,
    subscriptions,
    webhooks,
)

__all__ = [
    "alerting", "convoy_admin", "ledger", "mail_settings", "masterdata", "policies", "replies",
    "site", "subscriptions", "webhooks",
]  # fmt: skip
