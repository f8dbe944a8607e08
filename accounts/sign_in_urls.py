"""Addresses of signing in: allauth's pages under our own paths, and ours. Names are those that allauth asks for."""

from allauth.account import views as account
from allauth.socialaccount import views as social
from django.urls import include, path, re_path
from django.views.decorators.http import require_POST

from accounts.sign_in.confirming import confirmed
from accounts.views import security, sign_in

urlpatterns = [
    path("sign-in/", account.login, name="account_login"),
    path("sign-in/company/", sign_in.company, name="company_sign_in"),
    path("sign-in/oidc/<str:provider_id>/", sign_in.oidc_login, name="openid_connect_login"),
    path("sign-in/oidc/<str:provider_id>/callback/", sign_in.oidc_callback, name="openid_connect_callback"),
    path("sign-in/saml/<str:organization_slug>/login/", sign_in.saml("login"), name="saml_login"),
    path("sign-in/saml/<str:organization_slug>/acs/", sign_in.saml("acs"), name="saml_acs"),
    path("sign-in/saml/<str:organization_slug>/acs/finish/", sign_in.saml("finish_acs"), name="saml_finish_acs"),
    path("sign-in/saml/<str:organization_slug>/sls/", sign_in.no_single_sign_out, name="saml_sls"),
    path("sign-in/saml/<str:organization_slug>/metadata/", sign_in.saml("metadata"), name="saml_metadata"),
    path("sign-in/cancelled/", social.login_cancelled, name="socialaccount_login_cancelled"),
    path("sign-in/error/", social.login_error, name="socialaccount_login_error"),
    path("sign-up/", account.signup, name="account_signup"),
    # A link signs nobody out: another page could hold it.
    path("sign-out/", require_POST(account.logout), name="account_logout"),
    path("account/", security.overview, name="account_security"),
    path("account/inactive/", account.account_inactive, name="account_inactive"),
    path("account/second-factor-needed/", security.second_factor_needed, name="second_factor_needed"),
    path("account/sessions/", security.sessions, name="usersessions_list"),
    path("account/confirm/", account.reauthenticate, name="account_reauthenticate"),
    path("account/confirm-email/", account.email_verification_sent, name="account_email_verification_sent"),
    re_path(r"^account/confirm-email/(?P<key>[-:\w]+)/$", account.confirm_email, name="account_confirm_email"),
    path("account/password/", account.password_change, name="account_change_password"),
    path("account/password/set/", confirmed(account.password_set), name="account_set_password"),
    path("account/password/forgotten/", sign_in.reset_password, name="account_reset_password"),
    path("account/password/forgotten/sent/", account.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^account/password/new/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "account/password/changed/",
        account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    # Where allauth's pages lead back to: everything about signing in stands on one page.
    path("account/second-factor/", security.overview, name="mfa_index"),
    path("account/second-factor/", include("allauth.mfa.urls")),
]
