"""Django's administration with a site of our own."""

from django.contrib.admin.apps import AdminConfig


class AdministrationConfig(AdminConfig):
    """Registers what the apps bring with our site."""

    default_site = "config.administration.site.InstallationSite"
