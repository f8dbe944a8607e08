"""Rights of the application on the tables of Django's own apps."""

from django.db import migrations

from accounts.operations import grant_control_table

TABLES = (
    "auth_group",
    "auth_group_permissions",
    "auth_permission",
    "django_admin_log",
    "django_content_type",
    "django_session",
)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("sessions", "0001_initial"),
    ]

    operations = [
        *[grant_control_table(table) for table in TABLES],
        grant_control_table("django_migrations", "SELECT"),
    ]
