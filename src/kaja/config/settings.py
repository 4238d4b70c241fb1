"""Django settings. What an operator may change comes from `environment.py`."""

import os
from pathlib import Path

from kaja.config import environment
from kaja.config.logs import logging_config
from kaja.kernel.zones import use_newest
from kaja.networks.folders import list_static_folders, list_template_folders

SOURCE = Path(__file__).resolve().parent.parent
use_newest()
HOME = environment.get_home()
EMBEDDED_IN = None if environment.has_external_database() else HOME


SECRET_KEY = environment.get_secret_key()
DEBUG = False
BASE_URL = environment.get_address()
REACHABLE = environment.get_reachable()
ALLOWED_HOSTS = environment.hosts()
CSRF_TRUSTED_ORIGINS = [BASE_URL]
SECURE = BASE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_ENGINE = "kaja.kernel.sessions"
SESSION_COOKIE_HTTPONLY = True
# Seconds without a visit, and seconds altogether, after which a person signs in again (docs/security.md says why).
SESSION_COOKIE_AGE = 7 * 86400
SESSION_LONGEST = 30 * 86400
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
# "__Host-": no other host of the domain and no page without https can set or shadow it (RFC 6265bis, 4.1.3.2).
SESSION_COOKIE_NAME = "__Host-kaja_session" if SECURE else "kaja_session"
CSRF_COOKIE_NAME = "__Host-kaja_csrf" if SECURE else "csrftoken"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Only over https: a browser that once saw the header refuses plain http to this host for a year.
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
LOGGING = logging_config(os.environ.get("KAJA_LOG_LEVEL", "INFO").upper())
# Larger bodies are uploads (`config/bodies`), written where they can be moved into the media folder from.
FILE_UPLOAD_TEMP_DIR = HOME / "incoming"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5_000_000

# Hosts in private ranges that connectors may still reach (an instance inside the company); "*" allows all.
PRIVATE_HOSTS_ALLOWED = [h for h in os.environ.get("KAJA_ALLOW_PRIVATE_HOSTS", "").split(",") if h]
# Seconds that a network has for one answer; uploads have longer.
NETWORK_TIMEOUT = environment.network_timeout()
PRACTICE_URL = os.environ.get("KAJA_PRACTICE_URL") or f"http://127.0.0.1:{environment.get_practice_port()}"
PRACTICE_KEY = os.environ.get("KAJA_PRACTICE_KEY", "")
PRACTICE_KEY_FILE = environment.get_home() / "practice" / "key"  # where the one that `kaja up` starts keeps it

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "procrastinate.contrib.django",
    "kaja.kernel",
    "kaja.workspaces",
    "kaja.reach",
    "kaja.channels",
    "kaja.push",
    "kaja.media",
    "kaja.outgoing",
    "kaja.delivery",
    "kaja.reading",
    "kaja.content",
    "kaja.publishing",
    "kaja.inbox",
    "kaja.crisis",
    "kaja.hooks",
    "kaja.api",
    "kaja.web",
    "kaja.config",
]

MIDDLEWARE = [
    "kaja.config.health.HealthMiddleware",
    "kaja.config.addresses.own_addresses",
    "django.middleware.security.SecurityMiddleware",
    "kaja.config.headers.SecurityHeadersMiddleware",
    "kaja.config.static.StaticFiles",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "kaja.api.gate.api_gate",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "kaja.config.unstorable.UnstorableMiddleware",
    "kaja.web.accounts.middleware.PersonMiddleware",
    "kaja.web.accounts.middleware.LimitMiddleware",
]

ROOT_URLCONF = "kaja.config.urls"
ASGI_APPLICATION = "kaja.config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [SOURCE / "web" / "templates", *list_template_folders()],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "kaja.web.context.frame",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "kaja.web.templatetags.kaja",
                "kaja.web.templatetags.kit",
                "kaja.web.templatetags.foreign",
            ],
        },
    }
]

# What a worker must know before it looks for jobs; everybody else loads a job when it is asked for.
PROCRASTINATE_IMPORT_PATHS = [
    "kaja.config.jobs",
    "kaja.media.jobs",
    "kaja.content.jobs",
    "kaja.publishing.jobs",
    "kaja.delivery.jobs",
    "kaja.hooks.jobs",
    "kaja.outgoing.jobs",
    "kaja.channels.jobs",
    "kaja.inbox.jobs",
    "kaja.inbox.leads.jobs",
    "kaja.inbox.privately.jobs",
    "kaja.inbox.rules.jobs",
    "kaja.inbox.trouble.jobs",
    "kaja.workspaces.jobs",
    "kaja.push.jobs",
]

DATABASES = {"default": environment.parse_database_url(environment.get_database_url(), environment.get_pool_size())}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "workspaces.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    # The 20,000 commonest of breached passwords.
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "kaja.web.accounts.passwords.ContextWords"},
]
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
# An address is proven before it counts. Without a mail server it is the link itself that proves it, which the operator
# or a curator hands over.
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if os.environ.get("KAJA_SMTP_HOST") else "none"
ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS = 1
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = "Kaja: "
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if SECURE else "http"
# Seconds; who asked for the link is waiting for it.
PASSWORD_RESET_TIMEOUT = 4 * 3600
SIGN_UP = environment.sign_up()
SECOND_FACTOR = environment.second_factor()
WORKSPACE_MAKERS = environment.workspace_makers()
ACCOUNT_PREVENT_ENUMERATION = True
# Whoever types an address cannot have Kaja write to it.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_LOGOUT_REDIRECT_URL = "/account/login/"
MFA_ADAPTER = "kaja.web.accounts.sealing.SealingAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Kaja"
# With a mail server nobody is signed in before their address is proven; without one it cannot be.
MFA_ALLOW_UNVERIFIED_EMAIL = True
# A phone's clock may be half a minute off (RFC 6238, section 5.2 allows one step).
MFA_TOTP_TOLERANCE = 1
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "kaja.web.accounts.adapter.AccountAdapter"
# Counted in the database and in one place (`web/accounts/limits.py`), not in a cache of this process.
ACCOUNT_RATE_LIMITS = False
MFA_RATE_LIMITS = False
API_CALLS_PER_MINUTE = environment.api_calls_per_minute()
ACCOUNT_FORMS = {
    "change_password": "kaja.web.accounts.forms.ChangePasswordForm",
    "reset_password": "kaja.web.accounts.forms.ResetPasswordForm",
    "reset_password_from_key": "kaja.web.accounts.forms.ResetPasswordKeyForm",
    "signup": "kaja.web.accounts.forms.SignupForm",
    "login": "kaja.web.accounts.forms.LoginForm",
    "reauthenticate": "kaja.web.accounts.forms.ReauthenticateForm",
}
MFA_FORMS = {
    "authenticate": "kaja.web.accounts.factors.AuthenticateForm",
    "reauthenticate": "kaja.web.accounts.factors.ReauthenticateForm",
    "activate_totp": "kaja.web.accounts.factors.ActivateTOTPForm",
    "add_webauthn": "kaja.web.accounts.factors.AddPasskeyForm",
    "edit_webauthn": "kaja.web.accounts.factors.RenamePasskeyForm",
}
CSRF_FAILURE_VIEW = "kaja.web.frame.views.csrf_failure"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ru", "Русский"), ("et", "Eesti"), ("zh-hant", "繁體中文")]
LOCALE_PATHS = [SOURCE / "locale"]
FORMAT_MODULE_PATH = ["kaja.web.formats"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = HOME / "static"
STATICFILES_DIRS = [SOURCE / "static", *list_static_folders()]
STORAGES = {
    "default": environment.store_of("media"),
    # Cut-outs of pictures: made again when they are missing, so neither kept for ever nor in a backup.
    "renditions": environment.store_of("renditions"),
    # Before `kaja migrate` has collected them (tests, development) files are served under their plain names.
    "staticfiles": {
        "BACKEND": "kaja.config.storage.HashedFiles"
        if (STATIC_ROOT / "staticfiles.json").exists()
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not (STATIC_ROOT / "staticfiles.json").exists()

EMAIL_HOST = os.environ.get("KAJA_SMTP_HOST", "")
# Without a server nothing is sent, and what would be mailed is offered on the page instead.
EMAIL_BACKEND = "kaja.kernel.mail.OutgoingMail" if EMAIL_HOST else "django.core.mail.backends.dummy.EmailBackend"
EMAIL_PORT = int(os.environ.get("KAJA_SMTP_PORT", "587"))
EMAIL_HOST_USER = os.environ.get("KAJA_SMTP_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("KAJA_SMTP_PASSWORD", "")
EMAIL_USE_TLS = os.environ.get("KAJA_SMTP_TLS", "starttls") == "starttls"
EMAIL_USE_SSL = os.environ.get("KAJA_SMTP_TLS", "") == "ssl"
DEFAULT_FROM_EMAIL = os.environ.get("KAJA_MAIL_FROM", "Kaja <kaja@localhost>")
EMAIL_TIMEOUT = 20
