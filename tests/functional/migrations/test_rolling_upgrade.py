"""Old and new processes work side by side during an upgrade: from revision 0006 on, a migration only adds."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.script import Script, ScriptDirectory

from integration import migrations
from integration.storage.database import Database
from tests.filling import values_of

# Since then the promise holds: what was made before was never released.
SINCE = "0006"
TAKES_AWAY = {"alter_column", "rename_table"}

SCRIPTS = ScriptDirectory(Path(migrations.__file__).parent)
LATER = [each for each in SCRIPTS.walk_revisions() if each.revision > SINCE]


def nodes(step: Script) -> list[ast.AST]:
    """What a migration is made of on the way up: all of its functions but `downgrade`."""
    tree = ast.parse(inspect.getsource(step.module))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name != "downgrade"]
    return [node for function in functions for node in ast.walk(function)]


@pytest.mark.parametrize("step", LATER, ids=lambda step: step.revision)
def test_a_migration_takes_nothing_away_that_the_version_before_uses(step: Script) -> None:
    found = nodes(step)
    called = {node.attr for node in found if isinstance(node, ast.Attribute)}
    assert not {name for name in called if name.startswith("drop_")} | called & TAKES_AWAY
    texts = [node.value for node in found if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    assert not {"DROP", "RENAME"} & {word for text in texts for word in text.split()}


def test_what_the_version_before_writes_is_taken_by_the_newest_schema(owned_database: Database) -> None:
    migrations.migrate(owned_database, SINCE)
    before = sa.MetaData()
    before.reflect(owned_database.engine, only=lambda name, _: "_p2" not in name and not name.endswith("_default"))
    migrations.migrate(owned_database)
    made: dict[str, int] = {}
    with owned_database.across_shops().write() as connection:
        for table in before.sorted_tables:
            if table.name == "alembic_version":
                continue
            number = table.c.get("id", next(iter(table.primary_key)))
            row = table.insert().values(**values_of(table, made, "aa"))
            made[table.name] = connection.execute(row.returning(number)).scalar_one()
            assert connection.execute(sa.select(table)).first() is not None
    assert len(made) > 20
