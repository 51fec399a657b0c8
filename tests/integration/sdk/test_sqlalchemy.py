"""Sealed columns and contexts of a SQLAlchemy application, on a real PostgreSQL, with two organisations; keys in memory."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, create_engine, select, text, update
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from garant.kernel.errors import ConfigurationError, InputError
from garant.sdk import context as signed
from garant.sdk.envelope import SealError
from garant.sdk.errors import KeysSuspended
from garant.sdk.testing import MemoryKeyring
from garant_sqlalchemy.context import ContextMismatch, acting_as, tell_contexts
from garant_sqlalchemy.types import BlindIndex, Envelope, Sealed, SealedText, seal_with
from support.database import Database

ELAN, RAPIDES = "saint-elan", "trois-rapides"
NAME, MAIL = "Rosalie Béchamp", "Rosalie@Example.org"


class Base(DeclarativeBase):
    pass


class Member(Base):
    __tablename__ = "sqlalchemy_member"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    tenant: Mapped[str]
    name_sealed: Mapped[bytes | None] = mapped_column("name", SealedText())
    email_sealed: Mapped[bytes | None] = mapped_column("email", SealedText())
    email_index: Mapped[bytes | None] = mapped_column(BlindIndex())
    name = Sealed("name_sealed")
    email = Sealed("email_sealed", index="email_index")

    def __init__(self, tenant: str, name: str | None = NAME, email: str | None = MAIL) -> None:
        self.tenant, self.name, self.email = tenant, name, email


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    """The example application's database as its owner; the table is this test's."""
    word = database.runtime.secret("database-sondage-owner")
    made = create_engine(
        f"postgresql+psycopg://sondage_owner:{word}@/sondage",
        connect_args={"host": str(database.cluster.socket), "port": database.cluster.port},
    )
    Base.metadata.create_all(made)
    yield made
    Base.metadata.drop_all(made)
    made.dispose()


@pytest.fixture(autouse=True)
def keyring() -> MemoryKeyring:
    made = MemoryKeyring()
    seal_with(Base, made)
    return made


@pytest.fixture
def pair(engine: Engine) -> tuple[uuid.UUID, uuid.UUID]:
    with Session(engine) as session, session.begin():
        made = Member(ELAN), Member(RAPIDES, name="Idriss")
        session.add_all(made)
        session.flush()
        return made[0].id, made[1].id


def test_the_database_holds_envelopes_and_the_application_reads_text(engine: Engine, pair: tuple[uuid.UUID, uuid.UUID]) -> None:
    with engine.connect() as connection:
        for held in connection.execute(text("select name, email from sqlalchemy_member where tenant = 'saint-elan'")).one():
            assert bytes(held)[:2] == b"\x01\x01"
            assert b"Rosalie" not in bytes(held)
    with Session(engine) as session:
        found = session.get_one(Member, pair[0])
        assert (found.name, found.email) == (NAME, MAIL)
        assert "sealed" in f"{found.name_sealed!r}"


@pytest.mark.parametrize("what", ["row", "column", "organisation"])
def test_a_value_moved_by_the_databases_owner_does_not_open(engine: Engine, pair: tuple[uuid.UUID, uuid.UUID], what: str) -> None:
    with Session(engine) as session, session.begin():
        session.add(Member(ELAN, name="Omer"))
    moves = {
        "row": "update sqlalchemy_member m set name = o.name from sqlalchemy_member o"
        " where m.id = :id and o.id <> m.id and o.tenant = m.tenant",
        "column": "update sqlalchemy_member set name = email where id = :id",
        "organisation": "update sqlalchemy_member set tenant = 'trois-rapides' where id = :id",
    }
    with engine.begin() as connection:
        assert connection.execute(text(moves[what]), {"id": pair[0]}).rowcount == 1
    with Session(engine) as session:
        with pytest.raises(SealError):
            str(session.get_one(Member, pair[0]).name)
        assert session.get_one(Member, pair[1]).name == "Idriss"


def test_a_person_is_found_by_a_sealed_address_in_their_own_organisation(engine: Engine, pair: tuple[uuid.UUID, uuid.UUID]) -> None:
    with Session(engine) as session:
        for tenant, id_ in zip((ELAN, RAPIDES), pair, strict=True):
            with acting_as(tenant):
                found = session.scalars(select(Member).where(Member.email_index == Member.email.find("rosalie@example.ORG"))).one()
                assert found.id == id_
        with pytest.raises(RuntimeError, match="acting_as"):
            Member.email.find(MAIL)
        assert Member.email.find(MAIL, tenant=ELAN) != Member.email.find(MAIL, tenant=RAPIDES)


def test_a_change_is_sealed_again_and_what_is_unchanged_is_left(
    engine: Engine, pair: tuple[uuid.UUID, uuid.UUID], keyring: MemoryKeyring
) -> None:
    with Session(engine) as session, session.begin():
        found = session.get_one(Member, pair[0])
        name, email = found.name_sealed, found.email_sealed
        found.email = "new@example.org"
        assert found.email == "new@example.org"
        session.flush()
        assert found.name_sealed is name
        assert found.email_sealed != email
        found.email = None
    with Session(engine) as session:
        found = session.get_one(Member, pair[0])
        assert (found.name, found.email, found.email_index) == (NAME, None, None)
        keyring.suspended.add(ELAN)
        session.expire(found)
        with pytest.raises(KeysSuspended):
            str(found.name)


def test_the_database_is_not_asked_to_compare_and_nothing_is_written_in_clear(engine: Engine, pair: tuple[uuid.UUID, uuid.UUID]) -> None:
    for ask in (
        lambda: Member.name_sealed == b"x",
        lambda: Member.name_sealed.like("x"),
        lambda: Member.name_sealed > b"x",
        lambda: Member.name_sealed.desc(),
    ):
        with pytest.raises(InputError, match="sealed"):
            ask()
    with Session(engine) as session:
        assert session.scalars(select(Member).where(Member.name_sealed.is_(None))).all() == []
        assert len(session.scalars(select(Member).where(Member.name_sealed != None)).all()) == 2  # noqa: E711 - SQLAlchemy's words
        with pytest.raises(StatementError, match="would stay clear"):
            session.execute(update(Member).values(name_sealed="in clear"))
    with pytest.raises(InputError, match="is a text"):
        Member(ELAN, name=7)  # type: ignore[arg-type]
    with Session(engine) as session:
        session.add(Member(""))
        with pytest.raises(InputError, match="no organisation"):
            session.flush()


def test_a_base_without_a_keyring_says_so() -> None:
    class Other(DeclarativeBase):
        pass

    class Row(Other):
        __tablename__ = "other"
        id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
        tenant: Mapped[str]
        name_sealed: Mapped[bytes | None] = mapped_column(SealedText())
        name = Sealed("name_sealed")

    with pytest.raises(ConfigurationError, match="seal_with"):
        str(Row(id=uuid.uuid4(), tenant=ELAN, name_sealed=Envelope(b"x")).name)


def test_every_transaction_says_in_whose_name_it_is(engine: Engine, database: Database) -> None:
    key = signed.read_key(database.data / "secrets" / "context-sondage")
    tell_contexts(engine, key)
    asked = text("select coalesce(current_setting('garant.ctx', true), '')")
    for number in range(6):
        tenant = (ELAN, RAPIDES)[number % 2]
        with acting_as(tenant, actor="omer"):
            with Session(engine) as session, session.begin():
                found = signed.read(key, session.scalar(asked), now=datetime.now(UTC))
                assert (found.tenant, found.actor, found.purpose) == (tenant, "omer", "service")
                with pytest.raises(ContextMismatch), acting_as("another"):
                    pass
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                assert connection.scalar(asked) == ""
        with Session(engine) as session:
            assert session.scalar(asked) == ""


def test_the_plain_variant_says_it_in_settings_of_its_own(engine: Engine) -> None:
    tell_contexts(engine, None)
    with acting_as(ELAN), engine.begin() as connection:
        assert connection.scalar(text("select current_setting('app.tenant', true)")) == ELAN
    with engine.begin() as connection:
        assert not connection.scalar(text("select current_setting('app.tenant', true)"))
