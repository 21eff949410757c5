"""Tables for SQLAlchemy's ORM with the columns that the store has, in the schema ``orm``."""

from __future__ import annotations

from sqlalchemy import Index, LargeBinary, MetaData, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from store import AT, HEADER, PAYLOAD


class Base(DeclarativeBase):
    metadata = MetaData(schema="orm")


class Case(Base):
    __tablename__ = "cases"
    id: Mapped[str] = mapped_column(primary_key=True)
    matter: Mapped[str] = mapped_column(index=True)
    title: Mapped[str]
    procedure: Mapped[str] = mapped_column(index=True)
    procedure_version: Mapped[str]
    digest: Mapped[str]
    state: Mapped[str] = mapped_column(index=True)
    step: Mapped[str] = mapped_column(index=True)
    outcome: Mapped[str] = mapped_column(index=True)
    body: Mapped[str] = mapped_column(index=True)
    round: Mapped[int]
    version: Mapped[int] = mapped_column()
    opened_at: Mapped[str]
    updated_at: Mapped[str]
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - so it is taught


class Event(Base):
    __tablename__ = "events"
    __table_args__ = (UniqueConstraint("stream", "version"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    stream: Mapped[str]
    version: Mapped[int] = mapped_column()
    tag: Mapped[str]
    header: Mapped[bytes] = mapped_column(LargeBinary)
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class Duty(Base):
    __tablename__ = "duties"
    __table_args__ = tuple(Index(None, *names, "due", "case_id") for names in (("role",), ("body",), ("actor",), ()))
    case_id: Mapped[str] = mapped_column(primary_key=True)
    duty: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    body: Mapped[str] = mapped_column(primary_key=True)
    actor: Mapped[str] = mapped_column(primary_key=True)
    procedure: Mapped[str]
    state: Mapped[str]
    level: Mapped[int]
    due: Mapped[str]
    estimated: Mapped[bool]
    breached: Mapped[bool]


def new_case(name: str) -> Case:
    return Case(
        id=name,
        matter=name,
        title="替建渡口大桥",
        procedure="five-step",
        procedure_version="1",
        digest="d" * 64,
        state="s",
        step="investigate",
        outcome="",
        body="b",
        round=1,
        opened_at=AT,
        updated_at=AT,
    )


def new_event(name: str, version: int) -> Event:
    hash_ = version.to_bytes(32, "big")
    return Event(stream=name, version=version, tag="item.moved", header=HEADER, payload=PAYLOAD, hash=hash_)


def new_duty(name: str, version: int, due: str) -> Duty:
    return Duty(
        case_id=name,
        duty=f"consultation-{version}",
        role="unit",
        body="body",
        actor="o-7",
        procedure="five-step",
        state="open",
        level=0,
        due=due,
        estimated=False,
        breached=False,
    )
