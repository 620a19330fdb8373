"""Pages of one's own account that allauth would answer with a writing GET."""

from allauth.account.decorators import reauthentication_required
from allauth.mfa.models import Authenticator
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from members.access.http import user_of


@require_safe
@never_cache
@login_required
@reauthentication_required(app="allauth.mfa")  # type: ignore[untyped-decorator]  # allauth has no types
def recovery_codes(request: HttpRequest) -> HttpResponse:
    """allauth's own page notes on the row that it was looked at."""
    kept = Authenticator.objects.filter(
        user=user_of(request), type=Authenticator.Type.RECOVERY_CODES
    ).first()
    if kept is None:
        raise Http404
    context = {
        "unused_codes": kept.wrap().get_unused_codes(),
        "total_count": len(kept.wrap().generate_codes()),
    }
    return render(request, "mfa/recovery_codes/index.html", context)
