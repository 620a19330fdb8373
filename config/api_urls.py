"""The addresses of the HTTP API, below /api/v1/. How to add one: members/api/views.py."""

from __future__ import annotations

from django.urls import path, re_path, register_converter

from loyalty.enrolment import api as enrolment
from loyalty.orders import api as orders
from loyalty.points import api as points
from loyalty.points import holds
from loyalty.tiers import api as tiers
from members.api.schema import SchemaPage
from members.api.views import Nothing
from members.approvals import api as approvals
from members.profiles import api as profiles
from members.settings import api as programme

register_converter(profiles.MemberConverter, "member")

app_name = "api"

MEMBER = "members/<member:member>/"
POINTS = f"{MEMBER}points/"
HOLD = "holds/<int:hold>/"
ORDER = "orders/<member:order>/"
APPROVAL = "approvals/<int:approval>/"

# An identifier may hold a slash, so what is longer comes first.
urlpatterns = [
    path("schema/", SchemaPage.as_view(), name="schema"),
    path("members/", enrolment.Members.as_view(), name="members"),
    path(f"{POINTS}entries/", points.Entries.as_view(), name="entries"),
    path(
        f"{POINTS}entries/<int:entry>/undo/", points.Undos.as_view(), name="entry-undo"
    ),
    path(f"{POINTS}lots/<int:lot>/", points.Lots.as_view(), name="lot"),
    path(f"{POINTS}adjustments/", points.Adjustments.as_view(), name="adjustments"),
    path(f"{POINTS}redemptions/", points.Redemptions.as_view(), name="redemptions"),
    path(f"{POINTS}holds/", holds.Holds.as_view(), name="holds"),
    path(f"{POINTS}transfers/", points.Transfers.as_view(), name="transfers"),
    path(f"{POINTS}conversions/", points.Conversions.as_view(), name="conversions"),
    path(f"{POINTS}debt/write_off/", points.WriteOffs.as_view(), name="write-off"),
    path(f"{MEMBER}tier/locks/", tiers.Locks.as_view(), name="tier-locks"),
    path(
        f"{MEMBER}tier/locks/<int:lock>/release/",
        tiers.Releases.as_view(),
        name="tier-lock-release",
    ),
    path(f"{MEMBER}tier/", tiers.MemberTier.as_view(), name="tier"),
    path(POINTS, points.MemberPoints.as_view(), name="points"),
    path(MEMBER, profiles.OneMember.as_view(), name="member"),
    path(HOLD, holds.OneHold.as_view(), name="hold"),
    path(f"{HOLD}capture/", holds.CaptureHold.as_view(), name="hold-capture"),
    path(f"{HOLD}release/", holds.ReleaseHold.as_view(), name="hold-release"),
    path("orders/", orders.Orders.as_view(), name="orders"),
    path(f"{ORDER}refunds/", orders.Refunds.as_view(), name="order-refunds"),
    path(f"{ORDER}deliver/", orders.Deliver.as_view(), name="order-deliver"),
    path(f"{ORDER}cancel/", orders.Cancel.as_view(), name="order-cancel"),
    path(ORDER, orders.OneOrder.as_view(), name="order"),
    path("approvals/", approvals.Approvals.as_view(), name="approvals"),
    path(APPROVAL, approvals.OneApproval.as_view(), name="approval"),
    path(f"{APPROVAL}approve/", approvals.Approve.as_view(), name="approval-approve"),
    path(f"{APPROVAL}reject/", approvals.Reject.as_view(), name="approval-reject"),
    path("programme/", programme.Programme.as_view(), name="programme"),
    re_path("", Nothing.as_view(), name="nothing"),
]
