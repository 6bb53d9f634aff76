"""Settings: one file, read from the environment; docs/operations.md has the table of variables.

Without DATABASE_URL the console is *embedded*: PostgreSQL and Valkey live under VAR_DIR and are started by
`partner_console.embedded`. Nothing outside this file asks which mode it is in.
"""

from __future__ import annotations

from datetime import timedelta
from importlib.metadata import distribution
from pathlib import Path

import django_stubs_ext
import environ
from celery.schedules import crontab
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from partner_console import embedded, logs

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var"))).expanduser().resolve()
EMBEDDED = not env.str("DATABASE_URL", default="")
EMBEDDED_BROKER = not env.str("REDIS_URL", default="")
_embedded_database, _embedded_redis = embedded.server_urls(VAR_DIR)


def _secret(name: str) -> str:
    """NAME, or the content of the file named by NAME_FILE; empty when neither is set."""
    if path := env.str(f"{name}_FILE", default=""):
        return Path(path).read_text(encoding="utf-8").strip()
    value: str = env.str(name, default="")
    return value


# --- Safety -------------------------------------------------------------------------------------------------
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = _secret("SECRET_KEY")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[])
HOST = env.str("HOST", default="127.0.0.1")
PORT = env.int("PORT", default=8000)
if EMBEDDED:
    SECRET_KEY = SECRET_KEY or embedded.secret_key(VAR_DIR)
    ALLOWED_HOSTS = ALLOWED_HOSTS or ["localhost", "127.0.0.1", "[::1]", HOST]
else:
    if not SECRET_KEY:
        raise ImproperlyConfigured("Set SECRET_KEY (or SECRET_KEY_FILE): a server needs a secret of its own.")
    if not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS:
        raise ImproperlyConfigured("Set ALLOWED_HOSTS to the names this server answers to; “*” is refused.")

# Where customers and staff reach the console: links in mails are built from it.
BASE_URL = env.str("BASE_URL", default=f"http://{'127.0.0.1' if HOST in ('0.0.0.0', '::') else HOST}:{PORT}")  # noqa: S104 comparing, not binding
HTTPS = BASE_URL.startswith("https://")
CSRF_TRUSTED_ORIGINS = [BASE_URL] if HTTPS else []
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_SSL_REDIRECT = HTTPS
# Limits and sessions read the visitor's address so many entries from the end of X-Forwarded-For; 0 ignores the header.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXIES", default=0)
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=31_536_000 if HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 12 * 3600  # a working day: staff sign in each morning
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],  # QR codes and Bootstrap's own SVG backgrounds
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
    }
}

# --- Applications -------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.auth",  # these two before ours: some of their admin entries are replaced
    "post_office",
    "partner_console.web",
    "partner_console.access",
    "partner_console.audit",
    "partner_console.approvals",
    "partner_console.cloud",
    "partner_console.cloud.simulated",
    "partner_console.exports",
    "uids",
    "quota",
    "linking",
    "partner_console.access.admin_app.ConsoleAdminConfig",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "django_htmx",
    "django_structlog",
    "template_partials",
    "pgtrigger",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "partner_console.web.http.LoginRequiredMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "partner_console.access.middleware.SessionsMiddleware",
    "partner_console.access.middleware.ActorMiddleware",
    "partner_console.web.http.DomainErrorMiddleware",
]
ROOT_URLCONF = "partner_console.urls"
WSGI_APPLICATION = "partner_console.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "template_partials.templatetags.partials",
                "partner_console.web.templatetags.console",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "partner_console.access.context.console",
                "quota.context.warnings",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Data ---------------------------------------------------------------------------------------------------
DATABASES = {"default": env.db_url_config(env.str("DATABASE_URL", default="") or _embedded_database)}
DATABASES["default"] |= {
    "CONN_MAX_AGE": 60,
    "CONN_HEALTH_CHECKS": True,  # a restarted database must not cost a request
    "ATOMIC_REQUESTS": False,  # services own their transactions
}
# Only for the statement that asks for it (quota.services.plain): Django's cursors never prepare.
DATABASES["default"].setdefault("OPTIONS", {})["prepare_threshold"] = 1
if test_name := env.str("TEST_DB_NAME", default=""):
    DATABASES["default"]["TEST"] = {"NAME": test_name}
REDIS_URL = env.str("REDIS_URL", default="") or _embedded_redis
# Sign-in's rate limits count here. In the database: the broker only wakes workers, and a request never needs it.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "console_cache"}}
SESSION_ENGINE = "django.contrib.sessions.backends.db"  # the broker may be lost, a session may not

# --- Work in the background (design §8) -----------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_SOFT_TIME_LIMIT = 25 * 60
CELERY_TASK_TIME_LIMIT = 30 * 60
# A killed worker's message comes back after this: just above the hard time limit (style §23).
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 31 * 60}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_DEFAULT_QUEUE = "interactive"
CELERY_TASK_ROUTES = {
    "partner_console.exports.*": {"queue": "exports"},
    "quota.tasks.roll_up": {"queue": "exports"},
    "quota.tasks.refresh_warning_lines": {"queue": "exports"},
    "quota.tasks.run_import": {"queue": "exports"},
    "quota.tasks.run_bulk_edit": {"queue": "exports"},
    "quota.tasks.run_quota_batch": {"queue": "exports"},
    "post_office.*": {"queue": "outbound"},
    "partner_console.cloud.simulated.tasks.play": {"queue": "exports"},
    "partner_console.cloud.*": {"queue": "outbound"},
}
CELERY_BEAT_SCHEDULE: dict[str, dict[str, object]] = {
    # The broker only wakes the worker; each of these finds what a lost message left behind.
    "send-queued-mail": {"task": "post_office.tasks.send_queued_mail", "schedule": 30.0},
    "cleanup-mail": {"task": "post_office.tasks.cleanup_mail", "schedule": crontab(hour=3, minute=20)},
    "links-expire": {"task": "linking.tasks.expire_invitations", "schedule": 60.0},
    "links-remind": {"task": "linking.tasks.remind_customers", "schedule": 60.0},
    "links-batches": {"task": "linking.tasks.sweep_batches", "schedule": 30.0},
    "links-sweep": {"task": "linking.tasks.sweep_invitations", "schedule": 30.0},
    "approvals-expire": {"task": "partner_console.approvals.tasks.expire_approvals", "schedule": 60.0},
    "terminations-settle": {"task": "linking.tasks.settle_terminations", "schedule": 30.0},
    "terminations-answer": {"task": "linking.tasks.answer_terminations", "schedule": 300.0},
    "terminations-remind": {"task": "linking.tasks.remind_terminations", "schedule": 3600.0},
    "terminations-forget": {"task": "linking.tasks.forget_contacts", "schedule": crontab(minute=50)},
    "link-checks": {"task": "linking.tasks.sweep_checks", "schedule": 60.0},
    "grants-end": {"task": "linking.tasks.sweep_grants", "schedule": 60.0},
    "grants-remind": {"task": "linking.tasks.remind_grants", "schedule": 3600.0},
    "customers-sweep": {"task": "linking.tasks.sweep_customers", "schedule": 30.0},
    "cloud-sweep": {"task": "partner_console.cloud.tasks.sweep_commands", "schedule": 30.0},
    "simulated-time": {"task": "partner_console.cloud.simulated.tasks.sweep_plays", "schedule": 60.0},
    "quota-sync-usage": {"task": "quota.tasks.sync_usage", "schedule": 60.0},
    "quota-boosts": {"task": "quota.tasks.sweep_boosts", "schedule": 60.0},
    "planned-changes": {"task": "quota.tasks.sweep_planned_changes", "schedule": 30.0},
    "quota-roll-up": {"task": "quota.tasks.roll_up", "schedule": crontab(minute="*/10")},
    "quota-warnings": {"task": "quota.tasks.sweep_warnings", "schedule": 60.0},
    "quota-stops": {"task": "quota.tasks.sweep_stops", "schedule": 60.0},
    "quota-releases": {"task": "quota.tasks.sweep_releases", "schedule": 300.0},
    "quota-warning-lines": {"task": "quota.tasks.sweep_warning_lines", "schedule": 60.0},
    "quota-digests": {"task": "quota.tasks.wake_digests", "schedule": 300.0},
    "quota-feeds": {"task": "quota.tasks.watch_feeds", "schedule": 60.0},
    "imports-sweep": {"task": "quota.tasks.sweep_imports", "schedule": 60.0},
    "quota-batches": {"task": "quota.tasks.sweep_quota_batches", "schedule": 30.0},
    "bulk-edits-sweep": {"task": "quota.tasks.sweep_bulk_edits", "schedule": 60.0},
    "exports-sweep": {"task": "partner_console.exports.tasks.sweep_jobs", "schedule": 60.0},
}

# --- Mail: a stored queue, sent by the worker (design §4) -----------------------------------------------------
EMAIL_BACKEND = "post_office.EmailBackend"
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Partner console <console@localhost>")
_mail = env.email_url_config(env.str("EMAIL_URL", default="dummymail://"))
for _key in (
    "EMAIL_HOST",
    "EMAIL_PORT",
    "EMAIL_HOST_USER",
    "EMAIL_HOST_PASSWORD",
    "EMAIL_USE_TLS",
    "EMAIL_USE_SSL",
):
    if _key in _mail:
        globals()[_key] = _mail[_key]
# Embedded without EMAIL_URL there is nobody to send to: the outbox page shows what would have gone out.
SHOW_OUTBOX = EMBEDDED and not env.str("EMAIL_URL", default="")
POST_OFFICE = {
    "BACKENDS": {"default": _mail["EMAIL_BACKEND"]},
    "DEFAULT_PRIORITY": "medium",
    "CELERY_ENABLED": True,
    "MAX_RETRIES": 4,
    "RETRY_INTERVAL": timedelta(minutes=15),
    "MESSAGE_ID_ENABLED": True,
    "LOCK_FILE_NAME": str(VAR_DIR / "post_office"),  # the default lies in /tmp, shared with every other console
}

# --- People -------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "access.User"
AUTHENTICATION_BACKENDS = ["partner_console.access.backends.ConsoleBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "CommonPasswordValidator", "NumericPasswordValidator")
] + [{"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}}]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "web:overview"
ACCOUNT_ADAPTER = "partner_console.access.adapters.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "partner_console.access.adapters.SocialAccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # members are invited by mail: holding the invitation proves the address
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key", "login": "60/m/ip"}
USERSESSIONS_TRACK_ACTIVITY = True
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Partner console"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS
SOCIALACCOUNT_ONLY = False
SOCIALACCOUNT_PROVIDERS = {
    # One OIDC provider for the whole installation, by OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET(_FILE).
    "openid_connect": {
        "APPS": [
            {
                "provider_id": "oidc",
                "name": env.str("OIDC_NAME", default="Single sign-on"),
                "client_id": env.str("OIDC_CLIENT_ID", default=""),
                "secret": _secret("OIDC_CLIENT_SECRET"),
                "settings": {"server_url": env.str("OIDC_ISSUER", default="")},
            }
        ]
        if env.str("OIDC_ISSUER", default="")
        else []
    }
}
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True  # the provider is the partner's own and asserts verified addresses
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True

# --- Languages and time -------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese")), ("ja", _("Japanese"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_COOKIE_SAMESITE = "Lax"

# --- Files --------------------------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [
    BASE_DIR / "static",
    ("bootstrap", str(distribution("bootstrap-wrapper").locate_file("bootstrap"))),
]
MEDIA_ROOT = VAR_DIR / "files"  # exports and uploads; never served by URL, only through checked views
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 6_000  # a bulk action posts up to 5,000 selected rows

# --- The console's own --------------------------------------------------------------------------------------
CLOUD_PORT = "partner_console.cloud.simulated.adapter.SimulatedCloud"
# How the simulated cloud learns of accounts that came by import: named here, because the kernel imports no app.
SIMULATED_CLOUD_SOURCE = "quota.selectors.simulation.figures_for_simulation"
# Whether a customer's order goes through there, and what the console does between its hours; named for the same reason.
SIMULATED_CLOUD_ORDERS = "quota.selectors.simulation.judge_for_simulation"
SIMULATED_CLOUD_TURN = "quota.services.simulation.take_turn"
# What a new partner begins with, made in the transaction that makes it; named here for the same reason.
PARTNER_STARTERS = ["linking.services.templates.ensure_default"]
# Codes in the trail whose words belong to an app: the name of the fact, and the choices it is one of.
AUDIT_CHOICES = {
    "scopes": "linking.scopes.Scope",
    "withdrawn": "linking.scopes.Scope",
    **dict.fromkeys(("listed", "permissions", "billing", "access"), "linking.states.CheckOutcome"),
    "item": "linking.states.StandardItem",
    "switch": "uids.states.Control",
    "set_to": "uids.states.SwitchValue",
    "purchase_in_force": "uids.states.PurchaseControl",
    "policy_in_force": "uids.states.ShutdownPolicy",
}
DEMO = EMBEDDED and env.bool("DEMO", default=True)
_demo_password = VAR_DIR / "demo_password"
DEMO_PASSWORD = _demo_password.read_text(encoding="utf-8").strip() if DEMO and _demo_password.exists() else ""
EXPORT_INLINE_ROWS = 5_000  # more than this goes through a job
EXPORT_KEEP_DAYS = 7
LIST_COUNT_CAP = 10_000
SILENCED_SYSTEM_CHECKS: list[str] = []
if not HTTPS:
    # Plain HTTP is for one machine: TLS settings follow BASE_URL, and `check --deploy` runs with an https one.
    SILENCED_SYSTEM_CHECKS += ["security.W004", "security.W008", "security.W012", "security.W016"]

# --- Logs: key=value, no personal data -----------------------------------------------------------------------
logs.configure()
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "mask_tokens": {"()": "partner_console.logs.MaskTokens"},
        "drop_database_away": {"()": "partner_console.logs.DropDatabaseAway"},
    },
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["mask_tokens"]}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "celery.beat": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "django_structlog.celery": {"level": "WARNING"},
        "django.request": {"filters": ["drop_database_away"]},
        # With a handler of its own it would write each line twice.
        "post_office": {"handlers": ["console"], "level": "WARNING", "propagate": False},
    },
}
DJANGO_STRUCTLOG_CELERY_ENABLED = True
