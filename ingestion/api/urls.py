"""Addresses of what is set of reports by the API: masking, capture, personal data. The ways in: `ingestion.urls`."""

from django.urls import path

from ingestion.api import masking, personal_data

urlpatterns = [
    path("masking/", masking.Masking.as_view(), name="api_masking"),
    path("masking/rules/", masking.MaskingRules.as_view(), name="api_masking_rules"),
    path("masking/rules/<str:rule>/", masking.MaskingRuleDetail.as_view(), name="api_masking_rule"),
    path("masking/trial/", masking.MaskingTrial.as_view(), name="api_masking_trial"),
    path("capture/", masking.CaptureRules.as_view(), name="api_capture"),
    path("capture/<str:rule>/", masking.CaptureRuleDetail.as_view(), name="api_capture_rule"),
    path("personal-data/", personal_data.DataJobList.as_view(), name="api_personal_data"),
    path("personal-data/<str:job>/", personal_data.DataJobDetail.as_view(), name="api_personal_data_job"),
    path("personal-data/<str:job>/export/", personal_data.DataExport.as_view(), name="api_personal_data_export"),
    path("personal-data/<str:job>/deletion/", personal_data.DataDeletion.as_view(), name="api_personal_data_deletion"),
    path("personal-data/<str:job>/file/", personal_data.DataFile.as_view(), name="api_personal_data_file"),
]
