from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0004_orders_earn")]
    operations = [
        migrations.RunSQL(
            (SQL / "orders_earning.sql").read_text(),
            (SQL / "orders_earning_reverse.sql").read_text(),
        )
    ]
