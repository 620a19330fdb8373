from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from members.jobs import services as jobs
from members.jobs.enums import JobState
from members.jobs.models import Job
from tests.factories import AT

pytestmark = pytest.mark.django_db


def running(by=None, **fields) -> Job:
    job = jobs.create(kind="test", params={}, by=by, at=AT, **fields)
    jobs.start(job_id=job.pk, at=AT)
    return job


def test_an_open_job_asks_for_itself_again_and_an_ended_one_does_not(client, ana):
    client.force_login(ana)
    job = running()
    url = reverse("jobs:row", args=[job.pk])

    open_row = client.get(url).content.decode()
    jobs.finish(job_id=job.pk, result={}, at=AT)
    ended_row = client.get(url).content.decode()

    assert 'hx-trigger="every 2s"' in open_row
    assert "hx-trigger" not in ended_row


def test_its_author_cancels_a_job(client, clara):
    job = running(by=clara)
    client.force_login(clara)

    client.post(reverse("jobs:cancel", args=[job.pk]))

    assert Job.objects.get(pk=job.pk).cancel_requested


def test_somebody_elses_job_is_not_cancelled(client, ana, clara):
    job = running(by=ana)
    client.force_login(clara)

    response = client.post(reverse("jobs:cancel", args=[job.pk]))

    assert response.status_code == 403
    assert not Job.objects.get(pk=job.pk).cancel_requested


def test_cancelling_an_ended_job_says_so(client, ana):
    job = running()
    jobs.finish(job_id=job.pk, result={}, at=AT)
    client.force_login(ana)

    response = client.post(reverse("jobs:cancel", args=[job.pk]), follow=True)

    assert "has ended already" in response.content.decode()


def test_viewers_see_no_jobs(client, bruno):
    client.force_login(bruno)

    assert client.get(reverse("jobs:list")).status_code == 403


def test_state_narrows_the_list(client, ana):
    failed, _other = running(), running()
    jobs.fail(job_id=failed.pk, error="disk full", at=AT)
    client.force_login(ana)

    response = client.get(reverse("jobs:list"), {"state": "failed"})

    assert response.context["page"].jobs == [failed]


def test_pages_walk_through_all_jobs(client, ana):
    made = [
        jobs.create(kind="test", params={}, by=None, at=AT + timedelta(minutes=n // 2))
        for n in range(35)
    ]
    client.force_login(ana)

    first = client.get(reverse("jobs:list")).context["page"]
    second = client.get(reverse("jobs:list"), {"after": first.last.pk}).context["page"]

    assert len(first.jobs) == 30
    assert {job.pk for job in (*first.jobs, *second.jobs)} == {job.pk for job in made}


@pytest.mark.parametrize("count", [1, 3])
def test_job_list_has_a_fixed_number_of_queries(
    client, ana, count, django_assert_num_queries
):
    for _ in range(count):
        running(by=ana)
    client.force_login(ana)
    client.get(reverse("jobs:list"))

    with django_assert_num_queries(6):
        client.get(reverse("jobs:list"))


def test_a_failed_job_shows_its_error_and_its_author_may_try_again(client, ana):
    job = running()
    jobs.fail(job_id=job.pk, error="disk full", at=AT)
    client.force_login(ana)

    page = client.get(reverse("jobs:detail", args=[job.pk])).content.decode()

    assert "disk full" in page
    assert Job.objects.get(pk=job.pk).state == JobState.FAILED
