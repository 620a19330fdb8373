from __future__ import annotations

from django.contrib.postgres.indexes import BrinIndex, OpClass
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0007_points_debit_many")]

    operations = [
        migrations.AddIndex(
            model_name="transfer",
            index=BrinIndex(
                OpClass("occurred_at", name="timestamptz_minmax_multi_ops"),
                name="transfer_day",
                autosummarize=True,
            ),
        ),
    ]
