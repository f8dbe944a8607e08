"""An app that has nothing but migrations."""

from django.apps import AppConfig


class ExtraConfig(AppConfig):
    """A next release."""

    name = "tests.faults.extra"
    label = "faults_extra"
