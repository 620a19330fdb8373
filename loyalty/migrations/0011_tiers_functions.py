from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0010_tiers")]
    operations = [
        migrations.RunSQL(
            (SQL / "tiers.sql").read_text(), (SQL / "tiers_reverse.sql").read_text()
        )
    ]
