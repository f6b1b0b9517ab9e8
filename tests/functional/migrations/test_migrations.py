"""The schema's history: one line, up and down, in step with the tables of the code."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from click.testing import CliRunner

from integration import migrations
from integration.cli import main
from integration.storage import Base, partitions
from integration.storage.database import Database


@pytest.fixture
def empty(owned_database: Database) -> Database:
    """A database without any table."""
    migrations.migrate(owned_database, "base")
    return owned_database


def tables(db: Database) -> set[str]:
    with db.read() as connection:
        parts = partitions.names(connection)
    return set(sa.inspect(db.engine).get_table_names()) - parts - {"alembic_version"}


def test_history_has_one_head_and_is_numbered_in_order() -> None:
    scripts = ScriptDirectory(Path(migrations.__file__).parent)
    revisions = [each.revision for each in scripts.walk_revisions()]
    assert len(scripts.get_heads()) == 1
    assert sorted(revisions, reverse=True) == revisions


def test_up_makes_every_table_and_down_leaves_none(empty: Database) -> None:
    assert tables(empty) == set()
    assert migrations.current(empty) is None
    migrations.migrate(empty)
    assert tables(empty) == set(Base.metadata.tables)
    assert migrations.current(empty) == migrations.newest()
    migrations.migrate(empty, "base")
    assert tables(empty) == set()


def test_each_step_can_be_taken_back_and_again(empty: Database) -> None:
    scripts = ScriptDirectory(Path(migrations.__file__).parent)
    for step in reversed([each.revision for each in scripts.walk_revisions()]):
        migrations.migrate(empty, step)
        before = scripts.get_revision(step).down_revision or "base"
        migrations.migrate(empty, str(before))
        migrations.migrate(empty, step)
        assert migrations.current(empty) == step


def test_models_and_migrations_agree(database: Database) -> None:
    assert migrations.differences(database) == []


def test_migrating_twice_changes_nothing(owned_database: Database) -> None:
    migrations.migrate(owned_database)
    assert migrations.current(owned_database) == migrations.newest()


def test_a_database_of_a_newer_version_is_left_alone(owned_database: Database) -> None:
    with owned_database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(migrations.MigrationError, match=r"9999.*does not know"):
        migrations.migrate(owned_database)
    assert tables(owned_database) == set(Base.metadata.tables)


def test_a_file_that_is_no_database_is_one_clear_sentence(tmp_path: Path) -> None:
    wrong = tmp_path / "shelfwise.sqlite3"
    wrong.write_text("certainly not a database, however long it may be\n" * 100)
    answer = CliRunner().invoke(main, ["migrate"], env={"SHELFWISE_DATABASE_URL": f"sqlite:///{wrong}"})
    assert answer.exit_code == 1
    assert answer.output.startswith(f"Error: the database {wrong} can't be used: file is not a database")
    assert len(answer.output.splitlines()) == 1


def test_a_server_that_is_not_there_is_one_clear_sentence(tmp_path: Path) -> None:
    nowhere = f"postgresql+psycopg://postgres@/postgres?host={tmp_path}"
    answer = CliRunner().invoke(main, ["migrate"], env={"SHELFWISE_DATABASE_URL": nowhere})
    assert answer.exit_code == 1
    assert answer.output.startswith("Error: the database ")
    assert len(answer.output.splitlines()) == 1


def test_an_unknown_revision_is_refused(database: Database) -> None:
    with pytest.raises(migrations.MigrationError, match="'4242'"):
        migrations.migrate(database, "4242")


def test_check_says_whether_the_schema_is_the_newest(empty: Database) -> None:
    env = {"SHELFWISE_DATABASE_URL": empty.url.render_as_string(hide_password=False)}
    behind = CliRunner().invoke(main, ["migrate", "--check"], env=env)
    assert (behind.exit_code, "shelfwise migrate" in behind.output) == (1, True)
    assert CliRunner().invoke(main, ["migrate"], env=env).exit_code == 0
    assert CliRunner().invoke(main, ["migrate", "--check"], env=env).exit_code == 0
