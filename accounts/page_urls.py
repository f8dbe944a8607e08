"""Addresses of a team's settings, all under `/t/<team>/`."""

from django.urls import path

from accounts.views import audit, audit_stream, groups, keys, members, sign_in_settings, team

urlpatterns = [
    path("", team.team_home, name="team_home"),
    path("settings/sign-in/", sign_in_settings.sign_in_settings, name="sign_in_settings"),
    path("settings/groups/", groups.groups, name="groups"),
    path("settings/groups/<uuid:group>/remove/", groups.remove, name="remove_group"),
    path("settings/members/", members.members, name="members"),
    path("settings/members/<uuid:member>/role/", members.set_role, name="set_member_role"),
    path("settings/members/<uuid:member>/remove/", members.remove, name="remove_member"),
    path("settings/invitations/", members.add_invitation, name="add_invitation"),
    path("settings/invitations/<uuid:invitation>/again/", members.invitation_again, name="invitation_again"),
    path("settings/invitations/<uuid:invitation>/revoke/", members.revoke_invitation, name="revoke_invitation"),
    path("settings/roles/", members.roles, name="roles"),
    path("settings/keys/", keys.keys, name="keys"),
    path("settings/keys/<uuid:key>/", keys.key, name="key"),
    path("settings/keys/<uuid:key>/rotate/", keys.rotate, name="rotate_key"),
    path("settings/keys/<uuid:key>/revoke/", keys.revoke, name="revoke_key"),
    path("settings/audit/", audit.audit, name="audit"),
    path("settings/audit/<uuid:event>/", audit.audit_event, name="audit_event"),
    path("settings/audit-stream/", audit_stream.audit_stream, name="audit_stream"),
    path("settings/audit-stream/secret/", audit_stream.change_secret, name="audit_stream_secret"),
    path("settings/audit-stream/test/", audit_stream.try_stream, name="try_audit_stream"),
    path("settings/audit-stream/remove/", audit_stream.remove, name="remove_audit_stream"),
    path("settings/team/", team.team_settings, name="team_settings"),
    path("settings/team/rename/", team.rename, name="rename_team"),
    path("settings/team/transfer/", team.transfer, name="transfer_team"),
    path("settings/team/leave/", team.leave, name="leave_team"),
    path("settings/team/delete/", team.delete, name="delete_team"),
    path("settings/team/restore/", team.restore, name="restore_team"),
    path("settings/team/export.zip", team.team_export, name="team_export"),
    path("settings/team/start-page/", team.set_start_page, name="set_start_page"),
]
