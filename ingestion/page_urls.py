"""Addresses of the pages of sources, all under `/t/<team>/`. One line a view."""

from django.urls import path

from ingestion.views import (
    deliveries,
    mapping,
    personal_data,
    privacy,
    source_changes,
    source_details,
    source_page,
    source_setup,
    sources,
    usage,
    usage_import,
)

urlpatterns = [
    path("settings/privacy/", privacy.privacy, name="privacy"),
    path("settings/personal-data/", personal_data.personal_data, name="personal_data"),
    path("settings/personal-data/<uuid:job>/", personal_data.personal_data_job, name="personal_data_job"),
    path("settings/personal-data/<uuid:job>/export/", personal_data.export_personal_data, name="export_personal_data"),
    path("settings/personal-data/<uuid:job>/delete/", personal_data.delete_personal_data, name="delete_personal_data"),
    path(
        "settings/personal-data/<uuid:job>/remove/",
        personal_data.remove_personal_data_job,
        name="remove_personal_data_job",
    ),
    path("settings/personal-data/<uuid:job>/file/", personal_data.personal_data_file, name="personal_data_file"),
    path("settings/usage/", usage.team_usage, name="team_usage"),
    path("cost/import/", usage_import.import_usage, name="import_usage"),
    path("sources/", sources.sources, name="sources"),
    path("sources/add/", source_setup.choose, name="choose_source"),
    path("sources/add/<slug:client>/", source_setup.add, name="add_source"),
    path("sources/<uuid:source>/", source_page.overview, name="source"),
    path("sources/<uuid:source>/rejected/", source_details.refused, name="source_refused"),
    path("sources/<uuid:source>/attributes/", source_details.attributes, name="source_attributes"),
    path("sources/<uuid:source>/lines/", source_details.lines, name="source_lines"),
    path("sources/<uuid:source>/metrics/", source_details.metrics, name="source_metrics"),
    path("sources/<uuid:source>/set-up/", source_setup.setup, name="source_setup"),
    path("sources/<uuid:source>/waiting/", source_setup.waiting, name="source_waiting"),
    path("sources/<uuid:source>/settings/", source_changes.source_settings, name="source_settings"),
    path("sources/<uuid:source>/settings/switch/", source_changes.switch, name="switch_source"),
    path("sources/<uuid:source>/settings/address/", source_changes.rotate, name="rotate_source"),
    path("sources/<uuid:source>/settings/secret/", source_changes.secret, name="set_source_secret"),
    path("sources/<uuid:source>/settings/delete/", source_changes.delete, name="delete_source"),
    # Webhooks
    path("sources/<uuid:source>/deliveries/", deliveries.deliveries, name="source_deliveries"),
    path("sources/<uuid:source>/deliveries/again/", deliveries.process_all_again, name="process_all_again"),
    path("sources/<uuid:source>/deliveries/<uuid:delivery>/", deliveries.delivery, name="source_delivery"),
    path("sources/<uuid:source>/deliveries/<uuid:delivery>/again/", deliveries.process_again, name="process_again"),
    path("sources/<uuid:source>/mapping/", mapping.mapping, name="source_mapping"),
    path("sources/<uuid:source>/mapping/try/", mapping.try_it, name="try_mapping"),
    path("sources/<uuid:source>/mapping/signature/", mapping.signature, name="set_signature"),
]
