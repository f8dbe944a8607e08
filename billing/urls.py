"""Addresses of the pages of costs, all under `/t/<team>/`. One line a view."""

from django.urls import URLPattern, path

from billing.views import cost_mail, exports

urlpatterns: list[URLPattern] = [
    path("cost/exports/", exports.exports, name="cost_exports"),
    path("cost/exports/make/", exports.make_export, name="make_cost_export"),
    path("cost/exports/mail/", cost_mail.choose_cost_mail, name="choose_cost_mail"),
    path("cost/exports/<uuid:job>/file/", exports.export_file, name="cost_export_file"),
    path("cost/exports/<uuid:job>/remove/", exports.remove_export, name="remove_cost_export"),
]
