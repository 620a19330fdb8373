import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("members", "0003_first_version_and_roles"),
    ]

    operations = [
        migrations.CreateModel(
            name="FactsSegment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("orders", "Orders"),
                            ("lines", "Order lines"),
                            ("members", "Members"),
                        ],
                        max_length=8,
                    ),
                ),
                ("month", models.DateField(null=True)),
                ("path", models.CharField(max_length=300)),
                ("rows", models.BigIntegerField()),
                ("bytes", models.BigIntegerField()),
                ("digest", models.CharField(max_length=64)),
                ("sealed_at", models.DateTimeField()),
                ("retired_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("retired_at__isnull", True)),
                        fields=("kind", "month"),
                        name="facts_segment_one_live_a_month",
                        nulls_distinct=False,
                        violation_error_message="This month is sealed already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "members"), ("month__isnull", True)),
                            models.Q(
                                models.Q(("kind", "members"), _negated=True),
                                ("month__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="facts_segment_members_have_no_month",
                        violation_error_message="Orders and lines are kept by month.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ValueRun",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("as_of", models.DateField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("running", "Running"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                        ],
                        max_length=8,
                    ),
                ),
                ("rows", models.BigIntegerField(default=0)),
                ("bounds", models.JSONField(default=dict)),
                ("settings_number", models.PositiveIntegerField()),
                ("facts_version", models.CharField(blank=True, max_length=64)),
                ("snapshot", models.CharField(blank=True, max_length=300)),
                ("error", models.CharField(blank=True, max_length=2000)),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["state", "-id"], name="value_run_last")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("finished_at__isnull", True), ("state", "running")
                            ),
                            models.Q(
                                models.Q(("state", "running"), _negated=True),
                                ("finished_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="value_run_ends_once",
                        violation_error_message="A run that has ended says when.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="MemberValue",
            fields=[
                (
                    "member",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="value",
                        serialize=False,
                        to="members.member",
                    ),
                ),
                ("external_id", models.TextField()),
                ("joined_on", models.DateField(null=True)),
                ("orders", models.BigIntegerField()),
                ("refunds", models.BigIntegerField()),
                ("gross_minor", models.BigIntegerField()),
                ("refunded_minor", models.BigIntegerField()),
                ("spend_minor", models.BigIntegerField()),
                ("orders_12m", models.BigIntegerField()),
                ("spend_12m_minor", models.BigIntegerField()),
                ("categories", models.BigIntegerField()),
                ("first_on", models.DateField(null=True)),
                ("last_on", models.DateField(null=True)),
                ("recency_days", models.BigIntegerField(null=True)),
                ("r", models.SmallIntegerField(null=True)),
                ("f", models.SmallIntegerField(null=True)),
                ("m", models.SmallIntegerField(null=True)),
                ("cell", models.TextField(null=True)),
                (
                    "stage",
                    models.TextField(
                        choices=[
                            ("prospect", "Prospect"),
                            ("first", "First purchase"),
                            ("repeat", "Repeat"),
                            ("loyal", "Loyal"),
                            ("churned", "Churned"),
                        ]
                    ),
                ),
                (
                    "value_tier",
                    models.TextField(
                        choices=[
                            ("high", "High"),
                            ("middle", "Middle"),
                            ("low", "Low"),
                        ],
                        null=True,
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="analytics.valuerun",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        models.OrderBy(models.F("spend_minor"), descending=True),
                        models.F("member"),
                        name="member_value_spend",
                    ),
                    models.Index(
                        models.OrderBy(models.F("orders"), descending=True),
                        models.F("member"),
                        name="member_value_orders",
                    ),
                    models.Index(
                        models.OrderBy(
                            models.F("last_on"), descending=True, nulls_last=True
                        ),
                        models.F("member"),
                        name="member_value_last",
                    ),
                    models.Index(fields=["cell", "member"], name="member_value_cell"),
                    models.Index(fields=["stage", "member"], name="member_value_stage"),
                    models.Index(
                        fields=["value_tier", "member"], name="member_value_tier"
                    ),
                ],
            },
        ),
    ]
