"""Addresses of the pages of costs, all under `/t/<team>/`. One line a view."""

from django.urls import URLPattern, path

from billing.views import (
    budget_form,
    budgets,
    cost_mail,
    discounts,
    exchange_rates,
    exports,
    months,
    price_changes,
    price_form,
    prices,
    reconciliation,
    resources,
    unpriced,
)
from billing.views.cost import cost
from billing.views.cost_lines import cost_lines

urlpatterns: list[URLPattern] = [
    path("cost/prices/", prices.prices, name="cost_prices"),
    path("cost/prices/new/", price_form.new_price, name="cost_new_price"),
    path("cost/prices/changes/", price_changes.changes, name="cost_price_changes"),
    path("cost/prices/changes/<uuid:change>/take-back/", price_changes.take_back_change, name="cost_take_back"),
    path("cost/prices/<str:price>/", prices.price, name="cost_price"),
    path("cost/prices/<str:price>/remove/", prices.remove, name="cost_remove_price"),
    path("cost/rates/", exchange_rates.rates, name="cost_rates"),
    path("cost/discounts/", discounts.discounts, name="cost_discounts"),
    path("cost/discounts/<uuid:discount>/remove/", discounts.remove, name="cost_remove_discount"),
    path("cost/unpriced/", unpriced.unpriced, name="cost_unpriced"),
    path("cost/unpriced/rate/", unpriced.rate_now, name="cost_rate_now"),
    path("cost/exports/", exports.exports, name="cost_exports"),
    path("cost/exports/make/", exports.make_export, name="make_cost_export"),
    path("cost/exports/mail/", cost_mail.choose_cost_mail, name="choose_cost_mail"),
    path("cost/exports/<uuid:job>/file/", exports.export_file, name="cost_export_file"),
    path("cost/exports/<uuid:job>/remove/", exports.remove_export, name="remove_cost_export"),
    path("cost/", cost, name="cost"),
    path("cost/lines/", cost_lines, name="cost_lines"),
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
    path("cost/resources/", resources.resources, name="cost_resources"),
    path("cost/resources/new/", resources.new_resource, name="cost_new_resource"),
    path("cost/resources/<str:rate>/", resources.resource, name="cost_resource"),
    path("cost/resources/<str:rate>/remove/", resources.remove_resource, name="cost_remove_resource"),
    path("cost/budgets/", budgets.budgets, name="budgets"),
    path("cost/budgets/new/", budget_form.new_budget, name="new_budget"),
    path("cost/budgets/<uuid:budget>/", budgets.budget, name="budget"),
    path("cost/budgets/<uuid:budget>/edit/", budget_form.edit_budget, name="edit_budget"),
    path("cost/budgets/<uuid:budget>/remove/", budget_form.remove, name="remove_budget"),
]
