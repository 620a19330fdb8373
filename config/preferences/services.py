from members.access.models import User


def remember_language(*, user: User, language: str) -> None:
    """This is kept on the person too, so that the next browser speaks it at once."""
    User.objects.filter(pk=user.pk).exclude(language=language).update(language=language)
