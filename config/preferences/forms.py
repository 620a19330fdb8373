from typing import Any

from django import forms
from django.conf import settings

from config.preferences import rules


class ThemeForm(forms.Form):
    theme = forms.ChoiceField(choices=[(theme, theme) for theme in rules.THEMES])


class LanguageForm(forms.Form):
    language = forms.ChoiceField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"].choices = settings.LANGUAGES  # type: ignore[attr-defined] # a ChoiceField
