"""What is known about the import of one file: how far it got, and where runs without a clock were placed."""

from django.db import models

from accounts.tenancy import TenantModel


class ImportRun(TenantModel):
    """The import of a file into a team. The file is known by its digest, so its name does not matter.

    `offset_bytes` counts inflated bytes that are stored. `reference_at` is when the file was first imported: what is
    placed or shifted in time goes by it, so that another import places everything as the first did.
    """

    file_name = models.CharField(max_length=255)
    digest = models.CharField(max_length=64)
    size_bytes = models.BigIntegerField()
    offset_bytes = models.BigIntegerField(default=0)
    item_count = models.BigIntegerField(default=0)
    stored_count = models.BigIntegerField(default=0)
    duplicate_count = models.BigIntegerField(default=0)
    rejected_count = models.BigIntegerField(default=0)
    placed_count = models.BigIntegerField(default=0)
    reference_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        db_table = "import_run"
        constraints = [models.UniqueConstraint(fields=["team", "digest"], name="import_run_once")]

    def __str__(self) -> str:
        return f"import of {self.file_name}"
