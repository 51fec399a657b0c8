"""Tenants, their users, their roles. Rows that everyone points to; they know nobody."""

import uuid
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, check_password
from django.contrib.auth.models import BaseUserManager
from django.db import models
from django.utils.crypto import salted_hmac


class Tenant(models.Model):
    """A customer, or the operator itself (`operator=True`, exactly one). `host`: the DNS name that answers for it, lower case.

    `canary`: an organisation without people, made so that probes have something to plant and to look for; never counted as a customer.
    `sealing`: whether what its application marks sensitive is sealed, as it chose when it was set up (AST-48).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.CharField(max_length=42, unique=True)
    name = models.CharField(max_length=120)
    host = models.CharField(max_length=253, unique=True)
    operator = models.BooleanField(default=False)
    language = models.CharField(max_length=8, default="fr-ca")
    zone = models.CharField(max_length=64, default="America/Toronto")
    suspended = models.BooleanField(default=False)
    canary = models.BooleanField(default=False, db_default=False)
    sealing = models.BooleanField(default=True, db_default=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["operator"], condition=models.Q(operator=True), name="identity_one_operator"),
            models.CheckConstraint(condition=~models.Q(operator=True, canary=True), name="identity_operator_is_no_canary"),
        ]

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    """Users of the tenant of the transaction; row security scopes every look-up."""

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(username=username)


class User(AbstractBaseUser):
    """A person of one tenant. `username` is opaque; people type `login`. No password column: see `access.password`."""

    password = None  # type: ignore[assignment]
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="users")
    username = models.CharField(max_length=36, unique=True, editable=False)
    login = models.CharField(max_length=150)
    login_key = models.CharField(max_length=150)
    name = models.CharField(max_length=150)
    email = models.EmailField(blank=True)
    email_key = models.CharField(max_length=254, blank=True)
    language = models.CharField(max_length=8, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    objects = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "login_key"], name="identity_login_unique_in_tenant"),
            models.UniqueConstraint(
                fields=["tenant", "email_key"], condition=~models.Q(email_key=""), name="identity_email_unique_in_tenant"
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.login

    @property
    def encoded_password(self) -> str:
        """The hash kept by the optional password application, or an unusable marker."""
        row = getattr(self, "credential", None)
        return row.encoded if row is not None else UNUSABLE_PASSWORD_PREFIX

    def has_usable_password(self) -> bool:
        return not self.encoded_password.startswith(UNUSABLE_PASSWORD_PREFIX)

    def _get_session_auth_hash(self, secret: str | bytes | None = None) -> str:
        """What a session is bound to: another password, another value, and every session opened with the former one is void."""
        return salted_hmac("garant.identity.session", self.encoded_password, secret=secret, algorithm="sha256").hexdigest()

    def check_password(self, raw_password: str | None) -> bool:
        return raw_password is not None and check_password(raw_password, self.encoded_password)

    def set_password(self, raw_password: str | None) -> None:
        """Not here: `access` keeps passwords in a table of their own, so that a deployment can do without."""
        raise NotImplementedError("use access.service.set_password")


class RoleAssignment(models.Model):
    """A role of a person in its tenant. No row, no right."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="assignments")
    role = models.CharField(max_length=31)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "role"], name="identity_role_once")]
