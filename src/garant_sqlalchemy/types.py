"""Sealed columns for SQLAlchemy's ORM: the database holds envelopes, the application reads text.

    class Person(Base):
        __tablename__ = "person"
        id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
        tenant: Mapped[str]
        name_sealed: Mapped[bytes | None] = mapped_column("name", SealedText())
        email_sealed: Mapped[bytes | None] = mapped_column("email", SealedText())
        email_index: Mapped[bytes | None] = mapped_column(BlindIndex())

        name = Sealed("name_sealed")
        email = Sealed("email_sealed", index="email_index")

    seal_with(Base, Keyring(socket, token))

    Person(tenant="saint-elan", name="Rosalie")                     # sealed when it is flushed, in its row
    select(Person).where(Person.email_index == Person.email.find("elodie@example.org"))    # in the context of the organisation

1. A value opens in its own row, column and organisation only. The row's key is known before the insert: a UUID with a default.
2. The database cannot compare what is sealed: every operator but `is null` is refused; so is a text given to the column itself.
3. An unchanged value keeps its envelope.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import LargeBinary, event, inspect
from sqlalchemy.orm import DeclarativeBase, Mapper, object_mapper
from sqlalchemy.sql import operators
from sqlalchemy.types import TypeDecorator

from garant.kernel.errors import ConfigurationError, InputError
from garant.sdk.acting import current_tenant
from garant.sdk.keyring import DEFAULT_CLASS


class Keys(Protocol):
    """What seals and opens: `garant.sdk.keyring.Keyring`, or the stand-in of `garant.sdk.testing`."""

    def seal(self, *, tenant: str, table: str, column: str, row: str, value: bytes, data_class: str = ...) -> bytes: ...

    def unseal(self, *, tenant: str, table: str, column: str, row: str, envelope: bytes) -> bytes: ...

    def index(self, *, tenant: str, column: str, value: str, values: int | None = ...) -> bytes: ...


class Envelope(bytes):
    """A sealed value as the database holds it."""

    def __repr__(self) -> str:
        return f"<sealed, {len(self)} bytes>"

    __str__ = __repr__


@dataclass(frozen=True)
class _Pending:
    """A text that will be sealed when its row is flushed."""

    text: str


class SealedText(TypeDecorator[bytes]):
    """The column of a sealed text: `bytea`."""

    impl = LargeBinary
    cache_ok = True

    class comparator_factory(TypeDecorator.Comparator[bytes]):  # noqa: N801 - SQLAlchemy's name
        """Only whether there is a value."""

        def operate(self, op: Any, *other: Any, **more: Any) -> Any:
            if op in (operators.is_, operators.is_not) or (op in (operators.eq, operators.ne) and other == (None,)):
                return super().operate(op, *other, **more)
            raise InputError("this column is sealed: the database cannot compare or order it; find a value by its BlindIndex")

    def process_bind_param(self, value: Any, dialect: Any) -> bytes | None:  # noqa: ARG002 - SQLAlchemy's signature
        if value is None or isinstance(value, Envelope):
            return value
        raise InputError("a sealed column is written through its Sealed attribute, in its row; a text given to the column would stay clear")

    def process_result_value(self, value: Any, dialect: Any) -> Envelope | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else Envelope(value)


class BlindIndex(TypeDecorator[bytes]):
    """The column of a blind index (see `garant.sdk.blind`): `bytea`, equality only."""

    impl = LargeBinary
    cache_ok = True


class Sealed:
    """The text of a sealed column. `tenant`: the attribute that gives the organisation's short name (dots follow relations).

    `index`: the attribute of its blind index; `values`: how many different ones there may be. `data_class`: of the keys.
    """

    def __init__(
        self, column: str, *, index: str = "", tenant: str = "tenant", data_class: str = DEFAULT_CLASS, values: int | None = None
    ) -> None:
        self.column, self.index, self.tenant, self.data_class, self.values = column, index, tenant, data_class, values
        self.name = column
        self.owner: type[Any] | None = None

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self.owner, self.name = owner, name

    def __get__(self, instance: Any, owner: type[Any] | None = None) -> Any:
        if instance is None:
            return self
        held = getattr(instance, self.column)
        if not isinstance(held, Envelope):
            return held.text if isinstance(held, _Pending) else held
        opened: dict[str, tuple[Envelope, str]] = instance.__dict__.setdefault("_garant_opened", {})
        known = opened.get(self.column)
        if known is None or known[0] is not held:
            place = self.place(instance)
            known = opened[self.column] = held, _keys_of(type(instance)).unseal(**place, envelope=held).decode()
        return known[1]

    def __set__(self, instance: Any, text: str | None) -> None:
        if text is not None and not isinstance(text, str):
            raise InputError(f"{self.name} is a text, not {type(text).__name__}")
        setattr(instance, self.column, None if text is None else _Pending(text))

    def find(self, text: str, *, tenant: str = "") -> bytes:
        """The index of `text`, to compare the index column with; of the organisation of the context unless one is named."""
        assert self.owner is not None
        return self._index(self.owner, tenant or current_tenant(), text)

    def place(self, instance: Any) -> dict[str, str]:
        """Where this row's value lives. Raises InputError when the row has no key or no organisation yet."""
        mapper = object_mapper(instance)
        row = [_key(instance, mapper, column) for column in mapper.primary_key]
        tenant = functools.reduce(getattr, self.tenant.split("."), instance)
        if not tenant:
            raise InputError(f"{self.name}: the row belongs to no organisation; set {self.tenant} first")
        table, column = _names(mapper, self.column)
        return {"tenant": str(tenant), "table": table, "column": column, "row": ",".join(row)}

    def settle(self, instance: Any) -> None:
        """Before the row is written: seal what was set, and its index with it."""
        held = instance.__dict__.get(self.column)
        if held is None and self.index and self.column in inspect(instance).dict:
            setattr(instance, self.index, None)
        if not isinstance(held, _Pending):
            return
        place, keys = self.place(instance), _keys_of(type(instance))
        made = Envelope(keys.seal(**place, value=held.text.encode(), data_class=self.data_class))
        setattr(instance, self.column, made)
        instance.__dict__.setdefault("_garant_opened", {})[self.column] = made, held.text
        if self.index:
            setattr(instance, self.index, self._index(type(instance), place["tenant"], held.text) if held.text else None)

    def _index(self, owner: type[Any], tenant: str, text: str) -> bytes:
        table, column = _names(inspect(owner), self.column)
        return _keys_of(owner).index(tenant=tenant, column=f"{table}.{column}", value=text, values=self.values)


def seal_with(base: type[DeclarativeBase], keyring: Keys) -> None:
    """Every model under `base` seals and opens with this keyring. Calling it again gives another keyring, for a test."""
    first = not hasattr(base, "__garant_keys__")
    base.__garant_keys__ = keyring
    if first:
        for moment in ("before_insert", "before_update"):
            event.listen(base, moment, _settle, propagate=True)


def _settle(mapper: Mapper[Any], connection: Any, target: Any) -> None:  # noqa: ARG001 - SQLAlchemy's signature
    for each in _sealed(type(target)):
        each.settle(target)


def _sealed(owner: type[Any]) -> Iterator[Sealed]:
    seen: set[str] = set()
    for parent in owner.__mro__:
        for name, value in vars(parent).items():
            if isinstance(value, Sealed) and name not in seen:
                seen.add(name)
                yield value


def _keys_of(owner: type[Any]) -> Keys:
    found: Keys | None = getattr(owner, "__garant_keys__", None)
    if found is None:
        raise ConfigurationError(f"{owner.__name__} has no keyring: call garant_sqlalchemy.types.seal_with(Base, keyring) once")
    return found


def _key(instance: Any, mapper: Mapper[Any], column: Any) -> str:
    """One part of the row's key; a default that Python computes is computed now, since the value is sealed for it."""
    name = mapper.get_property_by_column(column).key
    value = getattr(instance, name)
    if value is None and column.default is not None and column.default.is_callable:
        value = column.default.arg(None)
        setattr(instance, name, value)
    if value is None:
        raise InputError(f"{type(instance).__name__}.{name}: sealed values need the row's key before the insert; give it a UUID default")
    return str(value)


def _names(mapper: Mapper[Any], attribute: str) -> tuple[str, str]:
    column = mapper.columns[attribute]
    return str(column.table.name), str(column.name)
