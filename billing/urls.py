"""Addresses of the pages of costs, all under `/t/<team>/cost/`. One line a view."""

from django.urls import path

from billing.views import months, reconciliation

urlpatterns = [
    path("cost/months/", months.months, name="months"),
    path("cost/months/<str:month>/", months.month, name="cost_month"),
    path("cost/months/<str:month>/close/", months.close, name="close_month"),
    path("cost/months/<str:month>/reopen/", months.reopen, name="reopen_month"),
    path("cost/reconciliation/", reconciliation.reconciliation, name="reconciliation"),
    path(
        "cost/reconciliation/statements/<uuid:statement>/remove/",
        reconciliation.take_statement_away,
        name="remove_statement",
    ),
    path(
        "cost/reconciliation/<str:month>/<name:provider>/",
        reconciliation.reconciled_month,
        name="reconciled_month",
    ),
]
