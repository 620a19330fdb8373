from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MembersConfig(AppConfig):
    name = "members"
    label = "members"
    verbose_name = _("Members")

    def ready(self) -> None:
        from members.imports import uploads  # noqa: PLC0415  models must be loaded
        from members.jobs import kinds  # noqa: PLC0415  as above
        from members.profiles import importing  # noqa: PLC0415  as above
        from members.settings import drafts  # noqa: PLC0415  as above

        task = "members.imports.tasks.run"
        names = {uploads.LOAD: _("Import"), uploads.CHECK: _("Check of a file")}
        for name, title in names.items():
            kinds.register(kinds.Kind(name=name, title=title, task=task))
        importing.register()
        drafts.register()
