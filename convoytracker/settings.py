"""Settings, from the environment alone. `.env.example` explains every name."""

from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from convoytracker.api_settings import *  # noqa: F403 - the API's settings stand in a room of their own
from convoytracker.broker_address import socket_path
from convoytracker.environment import KINDS, Env, kept_secret, parted, refuse_bad_production
from convoytracker.logs import logging_settings

BASE_DIR = Path(__file__).resolve().parent.parent
env = Env()

# embedded: everything in VAR_DIR, for one machine. production: PostgreSQL, Redis, a mail server, https.
# demo: the services of production, composed on one machine, with demonstration data and plain http.
ENVIRONMENT = env("ENVIRONMENT", default="embedded")
if ENVIRONMENT not in KINDS:
    raise ImproperlyConfigured(f"ENVIRONMENT is {ENVIRONMENT!r}; it may be {', '.join(KINDS)}.")
PRODUCTION = ENVIRONMENT == "production"
COMPOSED = ENVIRONMENT in ("production", "demo")
TEST = ENVIRONMENT == "test"
if PRODUCTION:
    refuse_bad_production(env.ENVIRON)

VAR_DIR = Path(env("VAR_DIR", default=str(BASE_DIR / "var")))
PORT = env.whole_number("PORT", default=8000)
SITE_URL = env("SITE_URL", default=f"http://127.0.0.1:{PORT}").rstrip("/")
# Whether this instance holds demonstration data, says so on every page and shows the sign-ins.
DEMO = env.bool("DEMO", default=ENVIRONMENT == "demo") and not PRODUCTION
DEBUG = False
if PRODUCTION:
    SECRET_KEY = env("SECRET_KEY")
else:
    VAR_DIR.mkdir(parents=True, exist_ok=True)
    SECRET_KEY = env("SECRET_KEY", default="") or kept_secret(VAR_DIR / "secret_key")
# What encrypts the secrets of webhooks: the first key; the others only decrypt, while the key is changed.
WEBHOOK_KEY = parted(env("WEBHOOK_KEY", default="")) or [kept_secret(VAR_DIR / "webhook_key")]
# Pairs of address and port that webhooks may call although they are not public, by http too.
WEBHOOK_ALSO_ALLOWED = [] if PRODUCTION else env.list("WEBHOOK_ALSO_ALLOWED", default=[])

SITE_HOST = urlsplit(SITE_URL).hostname or ""
ALLOWED_HOSTS = [SITE_HOST, *env.list("ALLOWED_HOSTS", default=[])]
if not PRODUCTION:
    ALLOWED_HOSTS += ["127.0.0.1", "localhost", "[::1]"]
CSRF_TRUSTED_ORIGINS = [SITE_URL]
# Origins (scheme, host, port) whose pages may ask the API from a browser, with a token: none unless named.
CORS_ALLOWED_ORIGINS = env.list("CORS_ALLOWED_ORIGINS", default=[])
# Addresses or networks of the reverse proxies whose X-Forwarded-For and -Proto are believed (wsgi.py).
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=["127.0.0.1"])

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "accounts",
    "convoys",
]
MIDDLEWARE = [
    "convoytracker.request_log.RequestLogMiddleware",
    "corsheaders.middleware.CorsMiddleware",  # answers a browser's question before anybody asks for a token
    "convoytracker.programs.ProgramsMiddleware",
    "csp.middleware.CSPMiddleware",  # before what may refuse a request: its answer has the policy too
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "convoytracker.private_pages.PrivatePagesMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "convoytracker.nul.NulIsABadRequestMiddleware",
]
ROOT_URLCONF = "convoytracker.urls"
WSGI_APPLICATION = "convoytracker.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# Database. SQLite: writers queue at BEGIN instead of failing half-way. PostgreSQL: a forgotten lock or
# transaction gives up before the desk does; a request waits for a connection instead of opening a hundred.
# What a partner may see is a long condition: compiling it for one answer (jit) takes seconds, asking less.
DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'db.sqlite3'}")}
_database = DATABASES["default"]
if password := env("DATABASE_PASSWORD", default=""):
    _database["PASSWORD"] = password
if _database["ENGINE"] == "django.db.backends.sqlite3":
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
    _database["TEST"] = {"NAME": VAR_DIR / "test.sqlite3"}
else:
    _database["ENGINE"] = "convoytracker.postgresql"
    _database["OPTIONS"] = {
        **_database.get("OPTIONS", {}),
        "options": r"-c default_transaction_isolation=read\ committed"
        " -c lock_timeout=5000 -c idle_in_transaction_session_timeout=10000 -c jit=off",
    }
    _database["CONN_HEALTH_CHECKS"] = True
    _database["TEST"] = {"NAME": f"test_{_database['NAME']}{env('TEST_DB_SUFFIX', default='')}"}
    if not TEST:  # a pool's idle connections would keep a test database from being dropped
        _database["OPTIONS"]["pool"] = {
            "min_size": 1,
            "max_size": env.whole_number("DATABASE_POOL", default=10),
        }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Redis carries doorbells, never the only copy of anything. Without REDIS_URL an embedded instance has a
# broker of its own on a socket. Sending gives up after a second; a worker waits longer for its next task.
REDIS_URL = env("REDIS_URL", default="")
_socket = socket_path(VAR_DIR)
BROKER_SOCKET = None if REDIS_URL else _socket
if not REDIS_URL:
    REDIS_URL = f"unix://{_socket}"
    CELERY_BROKER_URL = "memory://" if TEST else f"redis+socket://{_socket}"
else:
    CELERY_BROKER_URL = REDIS_URL
REDIS_TIMEOUT = 1.0
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": REDIS_TIMEOUT,
    "socket_timeout": 30,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # wait for Redis as long as it takes
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_TASK_TIME_LIMIT = 240  # below the visibility timeout, so that no task runs twice at once
CELERY_TIMEZONE = "UTC"

# How often due alerts are looked for; the promise is "within a minute", so at most half of one.
ALERT_SWEEP_SECONDS = env.whole_number("ALERT_SWEEP_SECONDS", default=30)
RECOVER_SECONDS = 60
# A periodic task that waited longer than its interval is dropped: the next one does its work.
# Delivery follows detection by half an interval, so that what was just raised is mailed at once. Webhooks are
# a task of their own: a stranger's slow server must not keep mail waiting.
CELERY_BEAT_SCHEDULE = {
    "detect": {
        "task": "convoys.tasks.detect",
        "schedule": ALERT_SWEEP_SECONDS,
        "options": {"expires": ALERT_SWEEP_SECONDS},
    },
    "deliver": {
        "task": "convoys.tasks.deliver",
        "schedule": ALERT_SWEEP_SECONDS,
        "options": {"countdown": ALERT_SWEEP_SECONDS // 2, "expires": 2 * ALERT_SWEEP_SECONDS},
    },
    "deliver_webhooks": {
        "task": "convoys.tasks.deliver_webhooks",
        "schedule": ALERT_SWEEP_SECONDS,
        "options": {"countdown": ALERT_SWEEP_SECONDS // 2, "expires": 2 * ALERT_SWEEP_SECONDS},
    },
    "recover": {
        "task": "convoys.tasks.recover",
        "schedule": RECOVER_SECONDS,
        "options": {"expires": RECOVER_SECONDS},
    },
}
CELERY_BEAT_SCHEDULER = "convoytracker.pulse:PulsingScheduler"
CELERY_BEAT_SCHEDULE_FILENAME = env("BEAT_SCHEDULE_FILE", default=str(VAR_DIR / "beat-schedule"))

# One process: its memory. Several: Redis, with the process's own memory while Redis is away.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    if BROKER_SOCKET or TEST
    else {"BACKEND": "convoytracker.cache.SturdyRedisCache", "LOCATION": REDIS_URL, "KEY_PREFIX": "ct"}
}

# Mail. EMAIL_URL as smtp+tls://user:password@host:587; without it every message becomes a file.
MAIL_DIR = VAR_DIR / "mail"
if env("EMAIL_URL", default=""):
    vars().update(env.email_url("EMAIL_URL"))
else:
    EMAIL_BACKEND = "convoytracker.mailfiles.EmailBackend"
    EMAIL_FILE_PATH = MAIL_DIR
EMAIL_TIMEOUT = env.whole_number("EMAIL_TIMEOUT", default=20)
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="Convoy tracker <convoys@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# Who signs in, and how. Sign-up is closed by the adapter; administrators make accounts.
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.adapter.ClosedAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = LOGIN_URL
ACCOUNT_DEFAULT_HTTP_PROTOCOL = urlsplit(SITE_URL).scheme
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = None
ALLAUTH_TRUSTED_PROXY_COUNT = 0  # wsgi.py has put the client's address in place already
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Convoy tracker"

# What a browser may do with our pages: nothing from elsewhere, nothing inline. `data:` is the picture
# that shows the secret of a second factor.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
FILE_UPLOAD_HANDLERS = ["convoytracker.uploads.DeskFilesOnly"]
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
if PRODUCTION:
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
    SECURE_HSTS_SECONDS = env.whole_number("HSTS_SECONDS", default=31_536_000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("fr", "français")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "convoytracker.formats"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(
    env("STATIC_ROOT", default=str(BASE_DIR / "staticfiles" if COMPOSED else VAR_DIR / "static"))
)
if COMPOSED:
    _static_storage = "whitenoise.storage.CompressedManifestStaticFilesStorage"
else:
    _static_storage = "django.contrib.staticfiles.storage.StaticFilesStorage"
    WHITENOISE_USE_FINDERS = True  # files are served from where they lie,
    STATIC_ROOT.mkdir(exist_ok=True)  # and whitenoise warns where this is missing
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": _static_storage},
}

LOGGING = logging_settings(env("LOG_LEVEL", default="WARNING" if TEST else "INFO"))

# The instance's zone: bare dates and places without a zone are read in it. The demonstration's is its case's.
INSTANCE_TIME_ZONE = env("INSTANCE_TIME_ZONE", default="Asia/Tbilisi" if DEMO else "UTC")
# The day that the demonstration's pages open on, as known on it; empty: today.
DEMO_MOMENT = env("DEMO_MOMENT", default="2023-09-14")
# No report for this many hours makes an open convoy silent.
SILENT_AFTER_HOURS = env.whole_number("SILENT_AFTER_HOURS", default=168)

if TEST:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
