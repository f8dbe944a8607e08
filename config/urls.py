"""All addresses. Each app brings its own; this file says where they hang."""

from django.contrib import admin
from django.contrib.auth import views as auth_views
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

from alerts.views.acknowledge import acknowledge_notice
from config import health
from monitoring.api.metrics import metrics
from monitoring.views.review_mail import unsubscribe

urlpatterns = [
    path("", include("accounts.urls")),
    path("sign-in/", auth_views.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("sign-out/", auth_views.LogoutView.as_view(), name="logout"),
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
    path("api/v1/", include("monitoring.api.urls")),
    path("api/v1/", include("billing.api.urls")),
    path("api/v1/", include("alerts.api.urls")),
    path("t/<slug:team>/", include("ingestion.page_urls")),
    path("t/<slug:team>/", include("ingestion.destination_urls")),
    path("t/<slug:team>/", include("accounts.page_urls")),
    path("t/<slug:team>/", include("billing.urls")),
    path("t/<slug:team>/", include("alerts.urls")),
    path("t/<slug:team>/", include("monitoring.urls")),
]
