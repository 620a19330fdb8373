from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0006_nightly_run")]
    operations = [
        migrations.RunSQL(
            (SQL / "points_debit_many.sql").read_text(),
            "DROP FUNCTION points_debit_many",
        )
    ]
