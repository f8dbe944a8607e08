"""All addresses. Each app brings its own; this file says where they hang."""

from importlib import import_module

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

from alerts.views.acknowledge import acknowledge_notice
from config import health
from monitoring.api.metrics import metrics
from monitoring.views.review_mail import unsubscribe

admin.autodiscover()
# The administration has no way in of its own: it would know neither second factors nor limits.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

handler400 = "config.error_pages.bad_request"
handler404 = "config.error_pages.not_found"

# One list, so that the prefix is looked at once; what is opened most stands first.
TEAM_PAGES = [
    pattern
    for module in (
        *("monitoring.urls", "alerts.urls", "billing.urls", "accounts.page_urls"),
        *("ingestion.page_urls", "ingestion.destination_urls"),
    )
    for pattern in import_module(module).urlpatterns
]
urlpatterns = [
    path("t/<slug:team>/", include(TEAM_PAGES)),
    path("", include("accounts.urls")),
    path("", include("accounts.sign_in_urls")),
    path("admin/", admin.site.urls),
    path(
        "api/schema/",
        SpectacularAPIView.as_view(authentication_classes=[], permission_classes=[]),
        name="schema",
    ),
    path("", include("ingestion.urls")),
    path("review/unsubscribe/<str:token>/", unsubscribe, name="unsubscribe_review"),
    path("acknowledge/<str:token>/", acknowledge_notice, name="acknowledge_notice"),
    path("metrics", metrics, name="metrics"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("internal/metrics", health.internal_metrics, name="internal_metrics"),
    path("api/v1/", include("accounts.api.urls")),
    path("scim/v2/", include("accounts.scim.urls")),
    path("api/v1/", include("ingestion.api.urls")),
    path("api/v1/", include("monitoring.api.urls")),
    path("api/v1/", include("billing.api.urls")),
    path("api/v1/", include("alerts.api.urls")),
]
