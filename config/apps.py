from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Carries the commands and template tags that belong to no feature."""

    name = "config"
    label = "config"
