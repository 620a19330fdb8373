from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from members.imports import kinds, rules
from members.imports.enums import ImportKind
from members.imports.kinds import Options
from members.imports.models import Upload
from members.imports.sniffing import Inspection

ENCODINGS = [
    ("", _("As recognised")),
    ("utf-8", "UTF-8"),
    ("gb18030", "GB18030"),
    ("windows-1252", "Windows-1252"),
    ("utf-16", "UTF-16"),
]
DATES = [
    ("", _("As recognised; ambiguous days are refused")),
    ("dmy", _("Day first: 31/12/2026")),
    ("mdy", _("Month first: 12/31/2026")),
]
DECIMALS = [
    ("", _("As recognised; ambiguous amounts are refused")),
    ("point", _("Point: 1,234.50")),
    ("comma", _("Comma: 1.234,50")),
]


class UploadForm(forms.Form):
    kind = forms.ChoiceField(label=_("What the file holds"))
    source = forms.CharField(
        label=_("Source"),
        max_length=60,
        initial=rules.DEFAULT_SOURCE,
        help_text=_("Whose numbers these are: two sources may use the same ones."),
    )
    file = forms.FileField(
        label=_("File"), help_text=_("CSV, JSON Lines or Parquet, up to 200 MB.")
    )
    encoding = forms.ChoiceField(label=_("Encoding"), choices=ENCODINGS, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(kind.name, kind.label) for kind in kinds.every()]
        self.fields["kind"].initial = ImportKind.ORDERS
        self.fields["kind"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField

    def clean_file(self) -> UploadedFile[bytes]:
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if file.size is not None and file.size > rules.UPLOAD_LIMIT:
            text = _("The file is larger than 200 MB. Import it by the command line.")
            raise forms.ValidationError(text)
        return file


class MappingForm(forms.Form):
    """One select a field of the kind, and what is to be said about the whole file."""

    encoding = forms.ChoiceField(label=_("Encoding"), choices=ENCODINGS, required=False)
    date_format = forms.ChoiceField(label=_("Dates"), choices=DATES, required=False)
    decimal = forms.ChoiceField(label=_("Amounts"), choices=DECIMALS, required=False)
    region = forms.CharField(
        label=_("Country of telephone numbers"),
        max_length=2,
        required=False,
        help_text=_("Two letters such as DE or CN."),
    )
    update = forms.BooleanField(
        label=_("Replace known rows that changed"), required=False
    )

    def __init__(
        self,
        *args: Any,
        upload: Upload,
        found: Inspection,
        known: Mapping[str, str],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._fields = kinds.named(upload.kind).fields
        none = [("", _("not in the file"))]
        columns = [*none, *((name, name) for name in found.columns if name)]
        for one in self._fields:
            self.fields[f"field_{one.name}"] = forms.ChoiceField(
                label=str(one.label),
                choices=columns,
                required=one.required,
                initial=known.get(one.name, ""),
                help_text=str(one.help),
            )
        for name in ("encoding", "date_format", "decimal", "region", "update"):
            self.fields[name].initial = upload.options.get(name)

    def field_selects(self) -> list[forms.BoundField]:
        return [self[f"field_{one.name}"] for one in self._fields]

    def file_options(self) -> list[forms.BoundField]:
        names = ("encoding", "date_format", "decimal", "region", "update")
        return [self[name] for name in names]

    def options(self) -> Options:
        data = self.cleaned_data
        return Options(
            mapping={one.name: data[f"field_{one.name}"] for one in self._fields},
            encoding=data["encoding"] or None,
            date_format=data["date_format"] or None,
            decimal=data["decimal"] or None,
            region=data["region"] or None,
            update=data["update"],
        )
