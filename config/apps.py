from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Carries the commands and template tags that belong to no feature."""

    name = "config"
    label = "config"

    def ready(self) -> None:
        # Whoever enqueues must have Celery's app and its tasks, as the worker has.
        from config.celery import FEATURES, app  # noqa: PLC0415  settings must be loaded

        app.autodiscover_tasks(FEATURES, force=True)
