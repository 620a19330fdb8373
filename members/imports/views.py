from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRefresh

from config.lib import clock
from config.lib.errors import DomainError
from config.lib.htmx import (
    REFUSED,
    add_refusal,
    render_page_or_fragment,
    wants_fragment,
)
from config.lib.ui import Crumb
from members.access.http import requires, user_of
from members.audit import services as audit
from members.imports import kinds, queries, reporting, uploads
from members.imports.enums import ImportState
from members.imports.forms import MappingForm, UploadForm
from members.imports.models import ImportBatch, Upload
from members.imports.sniffing import Unusable
from members.jobs import tasks as jobs
from members.jobs.enums import JobState

OPEN = (JobState.QUEUED, JobState.RUNNING)
SHOWN_REJECTS = 50
PAGE = 30


@requires("imports.run")
@require_GET
def list_page(request: HttpRequest) -> HttpResponse:
    place = request.GET.get("before", "")
    before = int(place) if place.isascii() and place.isdigit() else None
    found = list(queries.before(before)[: PAGE + 1])
    context = {
        "batches": found[:PAGE],
        "older": found[PAGE - 1].pk if len(found) > PAGE else None,
        "crumbs": [Crumb(_("Imports"))],
    }
    return render_page_or_fragment(request, "imports/list.html", "rows", context)


@requires("imports.run")
@require_http_methods(["GET", "POST"])
def new_page(request: HttpRequest) -> HttpResponse:
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            upload = uploads.receive(
                pieces=file.chunks(),
                name=file.name,
                kind=form.cleaned_data["kind"],
                source=form.cleaned_data["source"],
                encoding=form.cleaned_data["encoding"] or None,
                by=user_of(request),
                at=clock.now(),
            )
        except Unusable as refusal:
            form.add_error("file", str(refusal))
        else:
            return redirect("imports:upload", upload.pk)
    crumbs = [Crumb(_("Imports"), reverse("imports:list")), Crumb(_("Import a file"))]
    status = REFUSED if form.errors else 200
    context = {"form": form, "crumbs": crumbs}
    return render(request, "imports/new.html", context, status=status)


@requires("imports.run")
@require_http_methods(["GET", "POST"])
def upload_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    rows = Upload.objects.select_related("job", "check_job")
    upload = get_object_or_404(rows, pk=pk)
    found = uploads.inspection_of(upload, encoding=upload.options.get("encoding"))
    form = MappingForm(
        request.POST or None,
        upload=upload,
        found=found,
        known=uploads.recognised(upload, found),
    )
    if request.method == "POST" and form.is_valid():
        try:
            job = uploads.ask(
                upload=upload,
                options=form.options(),
                check="check" in request.POST,
                by=user_of(request),
                at=clock.now(),
            )
        except DomainError as refusal:
            add_refusal(form, refusal)
        else:
            jobs.enqueue(job)
            return redirect("imports:upload", upload.pk)
    context = {"form": form, "found": found, **_upload_context(upload, found)}
    if wants_fragment(request) and context["is_over"]:
        # The columns are not on the page while it loads: nothing typed is lost.
        return HttpResponseClientRefresh()
    status = REFUSED if form.errors else 200
    return render_page_or_fragment(
        request, "imports/upload.html", "progress", context, status=status
    )


def _upload_context(upload: Upload, found: Any) -> dict[str, Any]:
    job, check = upload.job, upload.check_job
    crumbs = [Crumb(_("Imports"), reverse("imports:list")), Crumb(upload.file_name)]
    return {
        "upload": upload,
        "kind": kinds.named(upload.kind),
        "rows": uploads.preview(upload, found),
        "checked": check.result if check and check.state == JobState.DONE else None,
        "is_open": job is not None and job.state in OPEN,
        "is_over": job is not None and job.state not in OPEN,
        "is_done": job is not None and job.state == JobState.DONE,
        "polls": any(one is not None and one.state in OPEN for one in (job, check)),
        "batch": ImportBatch.objects.filter(job=job).first() if job else None,
        "crumbs": crumbs,
    }


@requires("imports.run")
@require_GET
def batch_page(request: HttpRequest, pk: int) -> HttpResponse:
    batch = get_object_or_404(queries.batches(), pk=pk)
    crumbs = [Crumb(_("Imports"), reverse("imports:list")), Crumb(batch.file_name)]
    context = {
        "batch": batch,
        "reasons": queries.reasons(batch=batch),
        "rejects": queries.first_rejects(batch=batch, most=SHOWN_REJECTS),
        "may_undo": "imports.undo" in user_of(request).words
        and batch.state == ImportState.DONE,
        "crumbs": crumbs,
    }
    return render(request, "imports/batch.html", context)


@requires("imports.run")
@require_POST
def download_rejects(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """The rejected rows as CSV; a POST, because who took them is written down."""
    batch = get_object_or_404(ImportBatch, pk=pk)
    audit.record(
        actor=user_of(request),
        action="imports.download_rejects",
        target=f"ImportBatch:{batch.pk}",
        details={"rows": batch.rejected},
        at=clock.now(),
    )
    rows = reporting.streamed(
        queries.rejects(batch=batch), batch.details.get("names", [])
    )
    response = StreamingHttpResponse(rows, content_type="text/csv; charset=utf-8")
    name = f"rejects-{batch.pk}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@requires("imports.undo")
@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    batch = get_object_or_404(ImportBatch, pk=pk)
    try:
        undone = uploads.undo(batch_id=batch.pk, by=user_of(request), at=clock.now())
    except DomainError as refusal:
        messages.error(request, str(refusal), extra_tags="stays")
    else:
        text = _("Undone: %(rows)s records of %(file)s removed.")
        said = text % {"rows": undone.removed, "file": batch.file_name}
        messages.success(request, said)
    return redirect("imports:batch", pk)
