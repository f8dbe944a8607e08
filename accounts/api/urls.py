"""Addresses of the accounts part of the API."""

from django.urls import path

from accounts.api import audit, audit_stream, keys, members

urlpatterns = [
    path("audit-events/", audit.AuditEventList.as_view(), name="api_audit_events"),
    path("audit-events/stream/", audit.AuditEventStream.as_view(), name="api_audit_stream"),
    path("audit-stream/", audit_stream.AuditStreamView.as_view(), name="api_audit_push"),
    path("audit-stream/secret/", audit_stream.AuditStreamSecret.as_view(), name="api_audit_push_secret"),
    path("members/", members.MemberList.as_view(), name="api_members"),
    path("members/<str:member>/", members.MemberDetail.as_view(), name="api_member"),
    path("invitations/", members.InvitationList.as_view(), name="api_invitations"),
    path("invitations/<str:invitation>/", members.InvitationDetail.as_view(), name="api_invitation"),
    path("keys/", keys.KeyList.as_view(), name="api_keys"),
    path("keys/<str:key>/", keys.KeyDetail.as_view(), name="api_key"),
    path("keys/<str:key>/rotate/", keys.KeyRotation.as_view(), name="api_rotate_key"),
]
