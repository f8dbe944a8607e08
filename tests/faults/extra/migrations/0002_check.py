"""A check that holds for what is written from now on."""

from django.db import migrations


class Migration(migrations.Migration):
    """Added without a look at the rows."""

    dependencies = [("faults_extra", "0001_columns")]
    operations = [
        migrations.RunSQL(
            ["ALTER TABLE execution ADD CONSTRAINT faults_check CHECK (faults_count > 0) NOT VALID"],
            ["ALTER TABLE execution DROP CONSTRAINT faults_check"],
        )
    ]
