"""Addresses of the costs part of the API, all under `/api/v1/costs/`."""

from django.urls import URLPattern, path

from billing.api import discounts, entries, months, prices, resources, statements
from billing.api.budgets import BudgetDetail, BudgetList
from billing.api.costs import CostBy, CostDaily, CostSummary
from billing.api.exports import ExportDetail, ExportFile, ExportList
from billing.api.lines import CostLineList

urlpatterns: list[URLPattern] = [
    path("costs/prices/", prices.PriceList.as_view(), name="api_prices"),
    path("costs/prices/<str:price>/", prices.PriceDetail.as_view(), name="api_price"),
    path("costs/price-changes/", prices.PriceChanges.as_view(), name="api_price_changes"),
    path("costs/price-changes/<str:change>/", prices.PriceChangeDetail.as_view(), name="api_price_change"),
    path("costs/discounts/", discounts.DiscountList.as_view(), name="api_discounts"),
    path("costs/discounts/<str:discount>/", discounts.DiscountDetail.as_view(), name="api_discount"),
    path("costs/exchange-rates/", discounts.ExchangeRateList.as_view(), name="api_exchange_rates"),
    path("costs/unpriced/", prices.UnpricedList.as_view(), name="api_unpriced"),
    path("costs/lines/", CostLineList.as_view(), name="api_cost_lines"),
    path("costs/exports/", ExportList.as_view(), name="api_cost_exports"),
    path("costs/exports/<str:export>/", ExportDetail.as_view(), name="api_cost_export"),
    path("costs/exports/<str:export>/file/", ExportFile.as_view(), name="api_cost_export_file"),
    path("costs/summary/", CostSummary.as_view(), name="api_cost_summary"),
    path("costs/daily/", CostDaily.as_view(), name="api_cost_daily"),
    path("costs/by/<str:dimension>/", CostBy.as_view(), name="api_costs_by"),
    path("costs/months/", months.MonthList.as_view(), name="api_cost_months"),
    path("costs/months/<str:month>/", months.MonthDetail.as_view(), name="api_cost_month"),
    path("costs/months/<str:month>/close/", months.MonthClose.as_view(), name="api_close_cost_month"),
    path("costs/months/<str:month>/reopening/", months.MonthReopening.as_view(), name="api_reopen_cost_month"),
    path("costs/entries/", entries.EntryList.as_view(), name="api_cost_entries"),
    path("costs/entries/<str:entry>/", entries.EntryDetail.as_view(), name="api_cost_entry"),
    path("costs/reconciliation/", statements.ReconciliationList.as_view(), name="api_cost_reconciliation"),
    path("costs/statements/", statements.StatementList.as_view(), name="api_cost_statements"),
    path("costs/statements/<str:statement>/", statements.StatementDetail.as_view(), name="api_cost_statement"),
    path(
        "costs/statements/<str:statement>/bookings/",
        statements.StatementBookings.as_view(),
        name="api_cost_bookings",
    ),
    path("costs/resources/", resources.ResourceRateList.as_view(), name="api_resource_rates"),
    path("costs/resources/<str:rate>/", resources.ResourceRateDetail.as_view(), name="api_resource_rate"),
    path("costs/budgets/", BudgetList.as_view(), name="api_budgets"),
    path("costs/budgets/<str:budget>/", BudgetDetail.as_view(), name="api_budget"),
]
