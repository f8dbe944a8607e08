"""Addresses of alerts, all under `/t/<team>/`. One line a view."""

from django.urls import path

from alerts.views import rule, rule_form, rule_rehearsal, rules

urlpatterns = [
    path("alerts/rules/", rules.rules, name="rules"),
    path("alerts/rules/new/", rule_form.new_rule, name="new_rule"),
    path("alerts/rules/rehearsal/", rule_rehearsal.rehearse, name="rehearse_rule"),
    path("alerts/rules/<uuid:rule>/", rule.rule, name="rule"),
    path("alerts/rules/<uuid:rule>/edit/", rule_form.edit_rule, name="edit_rule"),
    path("alerts/rules/<uuid:rule>/switch/", rule.switch_rule, name="switch_rule"),
    path("alerts/rules/<uuid:rule>/remove/", rule.remove, name="remove_rule"),
]
