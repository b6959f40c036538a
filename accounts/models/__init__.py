"""Who takes part: organisations, people, and the tokens of their programs."""

from accounts.models.organisation import NamingParty, Organisation, OrganisationName, OrganisationType
from accounts.models.token import ApiToken, TokenScope
from accounts.models.user import User

__all__ = [
    "ApiToken",
    "NamingParty",
    "Organisation",
    "OrganisationName",
    "OrganisationType",
    "TokenScope",
    "User",
]
