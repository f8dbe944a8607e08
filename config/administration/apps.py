"""Django's administration with a site of our own."""

from django.contrib.admin.apps import SimpleAdminConfig


class AdministrationConfig(SimpleAdminConfig):
    """Does not look for what the apps bring: `config.urls` does, so that workers are without pages."""

    default_site = "config.administration.site.InstallationSite"
