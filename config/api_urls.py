"""The addresses of the HTTP API, below /api/v1/. How to add one: members/api/views.py."""

from __future__ import annotations

from django.urls import path, re_path

from members.api.schema import SchemaPage
from members.api.views import Nothing
from members.approvals.api import Approvals, Approve, OneApproval, Reject

app_name = "api"

urlpatterns = [
    path("schema/", SchemaPage.as_view(), name="schema"),
    path("approvals/", Approvals.as_view(), name="approvals"),
    path("approvals/<int:approval>/", OneApproval.as_view(), name="approval"),
    path("approvals/<int:approval>/approve/", Approve.as_view(), name="approve"),
    path("approvals/<int:approval>/reject/", Reject.as_view(), name="reject"),
    re_path("", Nothing.as_view(), name="nothing"),
]
