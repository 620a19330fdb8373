from datetime import UTC, datetime

from django.conf import settings
from django.db import migrations

ROLES = ("viewer", "operator", "analyst", "campaign_manager", "admin")


def seed(apps, schema_editor):
    """Version 1 takes zone and currency from the environment, once."""
    environment = settings.ENVIRONMENT
    apps.get_model("members", "ProgrammeVersion").objects.create(
        number=1,
        settings={
            "name": "Tern",
            "time_zone": environment.time_zone,
            "currency": environment.currency,
        },
        created_at=datetime.now(UTC),  # noqa: TID251  a migration is an edge
    )
    groups = apps.get_model("auth", "Group").objects
    for role in ROLES:
        groups.get_or_create(name=role)


class Migration(migrations.Migration):
    dependencies = [
        ("members", "0002_append_only"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
