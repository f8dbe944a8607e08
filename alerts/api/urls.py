"""Addresses of the alerts part of the API."""

from django.urls import path

from alerts.api import rules

urlpatterns = [
    path("alert-rules/", rules.RuleList.as_view(), name="api_alert_rules"),
    path("alert-rules/rehearse/", rules.NewRuleRehearsal.as_view(), name="api_rehearse_new_alert_rule"),
    path("alert-rules/<str:rule>/", rules.RuleDetail.as_view(), name="api_alert_rule"),
    path("alert-rules/<str:rule>/rehearse/", rules.RuleRehearsal.as_view(), name="api_rehearse_alert_rule"),
]
