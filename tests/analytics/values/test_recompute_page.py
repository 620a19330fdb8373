from __future__ import annotations

import pytest
from django.urls import reverse

from analytics.values.models import MemberValue
from members.jobs.models import Job
from tests import factories


@pytest.mark.django_db(transaction=True)
def test_an_admin_recomputes_by_hand_and_the_job_says_so(client):
    factories.order(factories.member("c-1"), minor=1250)
    client.force_login(factories.user("admin"))

    client.post(reverse("values:recompute"))

    job = Job.objects.get()
    assert (job.kind, job.state) == ("recompute", "done")
    assert MemberValue.objects.get().spend_minor == 1250


@pytest.mark.django_db
def test_a_viewer_does_not_recompute(client, bruno):
    client.force_login(bruno)

    assert client.post(reverse("values:recompute")).status_code == 403
    assert not Job.objects.exists()
