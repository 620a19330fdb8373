"""What staff are told of a version besides the rules of points."""

from __future__ import annotations

from django.utils.translation import gettext as _

from config.lib import formats
from members.programme import accounts, refresh
from members.programme.rules import Settings, dump
from members.programme.wording import Change, Sentence, changed, sentences


def all_sentences(settings: Settings, *, language: str) -> list[Sentence]:
    """Return every rule and setting of a version, the rules of points first."""
    told = _told(settings, language)
    return [
        *sentences(settings, language=language),
        *(Sentence(key=key, text=text, for_staff=True) for key, text in told),
    ]


def all_changes(before: Settings, after: Settings, *, language: str) -> list[Change]:
    """Return the difference of two versions in words."""
    found = changed(
        all_sentences(before, language=language),
        all_sentences(after, language=language),
    )
    return found or _untold(before, after)


def _untold(before: Settings, after: Settings) -> list[Change]:
    """What differs though every sentence is the same, as the keys of tiers do."""
    old, new = dump(before), dump(after)
    names = ", ".join(name for name in new if new[name] != old.get(name))
    if not names:
        return []
    text = _("Settings that no sentence tells are otherwise: %(names)s.")
    return [Change(key="other", before=(), after=(text % {"names": names},))]


def _told(settings: Settings, language: str) -> list[tuple[str, str]]:
    rfm = {
        "strict_less": _("RFM scores by the share strictly worse; ties share a score."),
        "ntile_id": _("RFM scores by equal groups; ties are split by number."),
        "percentile": _("RFM scores by the 20, 40, 60 and 80 percentiles."),
    }
    window = {
        "all": _("RFM looks at all history."),
        "12m": _("RFM looks at the last 12 months."),
    }
    days = {"days": settings.churn_days}
    return [
        (
            "publish",
            _("Versions that lower benefits need a second person.")
            if settings.publish_approval
            else _("One person publishes any version."),
        ),
        *(
            (
                f"refresh.{rule}",
                _("To be looked at again by %(day)s: %(rule)s.")
                % {
                    "day": formats.day(day, language=language),
                    "rule": refresh.RULES[rule],
                },
            )
            for rule, day in settings.refresh
        ),
        ("name", _("The programme is called %(name)s.") % {"name": settings.name}),
        (
            "time_zone",
            _("Days are those of %(zone)s.") % {"zone": settings.time_zone},
        ),
        ("currency", _("Amounts are in %(code)s.") % {"code": settings.currency}),
        ("churn", _("Days without an order until a member is lost: %(days)s.") % days),
        (
            "loyal",
            _("Orders that make a member loyal: %(orders)s.")
            % {"orders": settings.loyal_orders},
        ),
        (
            "active",
            _("Days in which an order makes a member active: %(days)s.")
            % {"days": settings.active_days},
        ),
        ("rfm_rule", rfm[settings.rfm_rule]),
        ("rfm_window", window[settings.rfm_window]),
        (
            "clv",
            _("Years of CLV: %(years)s, at a margin of %(margin)s.")
            % {
                "years": settings.clv_years,
                "margin": formats.percent(settings.clv_margin, language=language),
            },
        ),
        *_accounts(settings),
    ]


def _accounts(settings: Settings) -> list[tuple[str, str]]:
    return [
        (
            f"accounts.{name}",
            _("Account of the journal: %(what)s, %(code)s.")
            % {"what": label, "code": getattr(settings.accounts, name)},
        )
        for name, label in accounts.LABELS.items()
    ]
