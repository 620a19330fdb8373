from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


def sql(name: str) -> str:
    return (SQL / f"{name}.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0002_points")]
    operations = [
        migrations.RunSQL(sql("points_guard"), sql("points_guard_reverse")),
        migrations.RunSQL(
            sql("points_basics") + sql("points_debits") + sql("points_credits"),
            sql("points_kernel_reverse"),
        ),
    ]
