"""Settings of the REST API and of its OpenAPI file."""

# Requests that one token, or one person signed in, may send in a minute.
API_REQUESTS_PER_MINUTE = 600

# What pages of other origins may do, where settings.py allows any: ask the API and read what programs
# read. No cookies are ever taken from there, so a page has no more than the token that it was given.
CORS_URLS_REGEX = r"^/api/v1(/|$)"
CORS_ALLOW_CREDENTIALS = False
CORS_ALLOW_METHODS = ["GET", "HEAD", "OPTIONS"]
CORS_ALLOW_HEADERS = ["accept", "authorization", "if-none-match", "x-request-id"]
CORS_EXPOSE_HEADERS = [
    "Content-Disposition", "ETag", "Link", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-ID",
]  # fmt: skip

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "convoys.api.authentication.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [
        "convoys.api.permissions.IsReader",
        "convoys.api.permissions.HasScope",
    ],
    "DEFAULT_THROTTLE_CLASSES": ["convoys.api.throttling.PerTokenThrottle"],
    "DEFAULT_RENDERER_CLASSES": ["convoys.api.rendering.FastJsonRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "convoys.api.formats.negotiation.ByFormat",
    "DEFAULT_PARSER_CLASSES": ["convoys.api.bodies.SmallJsonParser"],
    "DEFAULT_SCHEMA_CLASS": "convoys.api.schema.ProblemAwareSchema",
    "EXCEPTION_HANDLER": "convoys.api.errors.problem_response",
    "URL_FORMAT_OVERRIDE": None,
    "COERCE_DECIMAL_TO_STRING": True,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Convoy tracker",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "DESCRIPTION": (
        "Aid convoys: where they stand, who holds them, and who says so. Of these, version 1 only reads; a "
        "partner manages its own subscriptions, webhooks, tokens and accounts.\n\n"
        "Send `Authorization: Bearer ct_…`. You see the convoys that your organisation is a party to, "
        "those shared with it by name and those shared with all partners; another's convoy answers 404. "
        "Null is unknown, never 0. Tonnes are decimal strings: low without high means at least. Instants"
        " carry the offset of their place and stand beside their precision; nothing here depends on the "
        "clock, so durations are yours to compute. Exercises are left out unless asked for."
    ),
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["convoys.api.permissions.IsReader"],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SCHEMA_PATH_PREFIX_TRIM": False,
    "COMPONENT_SPLIT_REQUEST": False,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": True,
    "SORT_OPERATIONS": False,
    "SORT_OPERATION_PARAMETERS": False,
    "ENUM_NAME_OVERRIDES": {
        "StateCode": "convoys.vocabulary.State",
        "PrecisionCode": "convoys.vocabulary.Precision",
        "BoundCode": "convoys.vocabulary.Bound",
        "AccessCode": "convoys.vocabulary.Access",
        "CargoPartCode": "convoys.vocabulary.CargoPart",
        "OrganisationTypeCode": "accounts.models.OrganisationType",
        "PlaceKindCode": "convoys.vocabulary.PlaceKind",
        "ControlPointTypeCode": "convoys.vocabulary.ControlPointType",
        "ContestedPoint": "convoys.queries.contested.POINTS",
        "EventKind": "convoys.vocabulary.KINDS",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
}
