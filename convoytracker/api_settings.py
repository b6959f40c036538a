"""Settings of the REST API and of its OpenAPI file."""

REST_FRAMEWORK = {"DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema"}
SPECTACULAR_SETTINGS = {"TITLE": "Convoy tracker", "VERSION": "1", "OAS_VERSION": "3.1.1"}
