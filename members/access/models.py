from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from members.access import rules


class Store(models.Model):
    """A place that sells. Its code is what files and tills call it."""

    code = models.CharField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=120, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "members"
        constraints = [
            models.UniqueConstraint(
                fields=["code"],
                name="store_code",
                violation_error_message=_("There is a store with this code already."),
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.code


class UserManager(BaseUserManager["User"]):
    def create_user(
        self, email: str, password: str | None = None, **fields: Any
    ) -> User:
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(
        self, email: str, password: str | None = None, **fields: Any
    ) -> User:
        return self.create_user(
            email, password, is_staff=True, is_superuser=True, **fields
        )

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """Somebody who works for the retailer. Members sign in elsewhere."""

    email = models.EmailField(
        _("e-mail address"),
        unique=True,
        error_messages={"unique": _("Somebody uses this e-mail address already.")},
    )
    name = models.CharField(_("name"), max_length=120, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(default=False)
    stores = models.ManyToManyField(
        Store,
        verbose_name=_("stores"),
        blank=True,
        help_text=_("Leave empty for all stores."),
    )
    date_joined = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        app_label = "members"
        constraints = [
            models.CheckConstraint(
                condition=Q(email=Lower("email")),
                name="user_email_lower_case",
                violation_error_message=_("Write the e-mail address in lower case."),
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    @cached_property
    def roles(self) -> list[str]:
        """Names of the user's roles; one query, remembered for the request."""
        return sorted(self.groups.values_list("name", flat=True))

    @cached_property
    def words(self) -> frozenset[str]:
        """Permission words the roles grant; a superuser holds every one."""
        if not self.is_active:
            return frozenset()
        return rules.WORDS if self.is_superuser else rules.permissions_of(self.roles)


class ApiKey(models.Model):
    """A program's way in. Only the digest of the key is kept; its start names it."""

    name = models.CharField(_("name"), max_length=80)
    prefix = models.CharField(max_length=16)
    digest = models.CharField(max_length=64)
    scopes = ArrayField(models.CharField(max_length=40))
    # Null: as many as the installation allows any key.
    requests_per_minute = models.PositiveIntegerField(null=True)
    # Null: made on the command line.
    created_by = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "members"
        constraints = [
            # Every request finds its key by this index.
            models.UniqueConstraint(fields=["digest"], name="api_key_digest"),
            models.CheckConstraint(
                condition=~Q(scopes=[]),
                name="api_key_has_scopes",
                violation_error_message=_("A key has one scope or more."),
            ),
        ]

    def __str__(self) -> str:
        return self.name
