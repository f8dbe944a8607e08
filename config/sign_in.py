"""Settings of signing in (django-allauth): taken into the settings as they are."""

import os
from typing import Any

from accounts.mail import mail_server

# Who may make an account: `open`, `invitation`, `closed`; empty: open until there is a first user, then
# by invitation.
SIGN_UP = os.environ.get("SIGN_UP", "").strip().lower()

AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "name")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "accounts.passwords.GuessablePasswordValidator"},
]
SESSION_ENGINE = "accounts.sessions"
# How long a session lasts, and how long it may rest unused (docs/security/sign-in.md says why so long).
SESSION_COOKIE_AGE = int(os.environ.get("SESSION_HOURS", "336")) * 3600
SESSION_IDLE_SECONDS = int(os.environ.get("SESSION_IDLE_HOURS", "24")) * 3600
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
# What a page says next may name people: it is kept here, not in a cookie.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

AUTHENTICATION_BACKENDS = ["accounts.backends.UserBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"
# A link to a new password (seconds): by e-mail, or copied by an admin of the team.
PASSWORD_RESET_TIMEOUT = 86_400

ACCOUNT_ADAPTER = "accounts.sign_in.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_FORMS = {
    "signup": "accounts.sign_in.forms.SignUpForm",
    "reset_password_from_key": "accounts.sign_in.forms.NewPasswordForm",
    "change_password": "accounts.sign_in.forms.OtherPasswordForm",
    "set_password": "accounts.sign_in.forms.FirstPasswordForm",
}
MFA_FORMS = {"add_webauthn": "accounts.sign_in.forms.AddPasskeyForm"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_DISPLAY = str
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Steadyrun] "
# An address is proved by e-mail where e-mail can be sent.
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if mail_server(os.environ.get("EMAIL_URL", "")).host else "none"
# In the browser that asked for the link, and nowhere else.
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_METHODS = ("password", "mfa")
ACCOUNT_PREVENT_ENUMERATION = True
# Failed sign-ins of one address are counted by (network) address and by account; see docs/security/sign-in.md.
ACCOUNT_RATE_LIMITS = {"login_failed": "20/m/ip,5/5m/key"}

MFA_ADAPTER = "accounts.sign_in.second_factor.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_TOLERANCE = 1
MFA_TOTP_ISSUER = "Steadyrun"
# Without a mail server no address is ever verified by e-mail.
MFA_ALLOW_UNVERIFIED_EMAIL = True

SOCIALACCOUNT_ADAPTER = "accounts.sign_in.providers.ProviderAdapter"
# The form of a page may not lead elsewhere (`form-action`), a link may.
SOCIALACCOUNT_LOGIN_ON_GET = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
# The provider of a confirmed domain vouches for its addresses.
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_PROVIDERS: dict[str, Any] = {"openid_connect": {"OAUTH_PKCE_ENABLED": True}}

# Counts tries and remembers codes that were used, in Valkey; nothing else is cached.
CACHES = {
    "default": {
        "BACKEND": "accounts.sign_in.tries.Tries",
        "LOCATION": os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0"),
    }
}

# The two kinds of provider are no apps here: they load large libraries, and come with their first use
# (accounts/sign_in/providers.py).
SIGN_IN_APPS = [
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
]
