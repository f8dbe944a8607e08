"""Addresses of alerts, all under `/t/<team>/`. One line a view."""

from django.urls import path

from alerts.views import incident_page, incidents, operations, routes, rule, rule_form, rule_rehearsal, rules, silences

urlpatterns = [
    path("operations/", operations.operations, name="operations"),
    path("operations/live/", operations.live, name="operations_live"),
    path("incidents/", incidents.incidents, name="incidents"),
    path("incidents/acknowledge/", incidents.acknowledge_many, name="acknowledge_incidents"),
    path("incidents/<uuid:incident>/", incident_page.incident, name="incident"),
    path("incidents/<uuid:incident>/acknowledge/", incident_page.acknowledge_one, name="acknowledge_incident"),
    path("incidents/<uuid:incident>/note/", incident_page.write_note, name="note_incident"),
    path("incidents/<uuid:incident>/resolve/", incident_page.resolve_one, name="resolve_incident"),
    path("incidents/<uuid:incident>/improvement/", incident_page.link, name="link_incident"),
    path("incidents/<uuid:incident>/silence/", incident_page.silence, name="silence_incident"),
    path("alerts/", incidents.alerts, name="alerts"),
    path("alerts/routes/", routes.routes, name="routes"),
    path("alerts/routes/new/", routes.add_route, name="add_route"),
    path("alerts/routes/<uuid:route>/", routes.route, name="route"),
    path("alerts/routes/<uuid:route>/move/", routes.move, name="move_route"),
    path("alerts/routes/<uuid:route>/remove/", routes.remove, name="remove_route"),
    path("alerts/silences/", silences.silences, name="silences"),
    path("alerts/silences/<uuid:silence>/end/", silences.end, name="end_silence"),
    path("alerts/rules/", rules.rules, name="rules"),
    path("alerts/rules/new/", rule_form.new_rule, name="new_rule"),
    path("alerts/rules/rehearsal/", rule_rehearsal.rehearse, name="rehearse_rule"),
    path("alerts/rules/<uuid:rule>/", rule.rule, name="rule"),
    path("alerts/rules/<uuid:rule>/edit/", rule_form.edit_rule, name="edit_rule"),
    path("alerts/rules/<uuid:rule>/switch/", rule.switch_rule, name="switch_rule"),
    path("alerts/rules/<uuid:rule>/remove/", rule.remove, name="remove_rule"),
]
