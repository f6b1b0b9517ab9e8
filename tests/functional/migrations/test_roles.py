"""`shelfwise migrate` works as who owns the tables, and gives the app's own role what it needs and no more."""

from __future__ import annotations

import pytest
from click.testing import CliRunner, Result
from cryptography.fernet import Fernet
from sqlalchemy.exc import DBAPIError

from integration import migrations
from integration.cli import main
from integration.services.secrets import Vault
from integration.services.shops import create_shop
from integration.storage.database import Database
from integration.storage.shop_writes import forget_shop
from tests.filling import fill


def migrate(owned: Database, app_url: str) -> Result:
    env = {"SHELFWISE_DATABASE_URL": app_url}
    if not owned.is_sqlite:
        env["SHELFWISE_MIGRATION_DATABASE_URL"] = owned.url.render_as_string(hide_password=False)
    return CliRunner().invoke(main, ["migrate"], env=env)


def test_after_it_the_app_can_do_its_work(owned_database: Database, database: Database, database_url: str) -> None:
    migrations.migrate(owned_database, "base")
    done = migrate(owned_database, database_url)
    assert done.exit_code == 0, done.output
    assert "Warning" not in done.stderr
    vault = Vault(Fernet.generate_key().decode())
    made = create_shop(database, vault, key="a", name="A", platform="direct", external_id="a", webhook_secret="secret")
    fill(database.of(made), made, "aa")
    forget_shop(database.of(made), made)


def test_a_role_that_is_not_there_is_named_and_nothing_is_changed(owned_database: Database, database: Database) -> None:
    if database.is_sqlite:
        return
    migrations.migrate(owned_database, "base")
    nobody = database.url.set(username="nobody_of_ours").render_as_string(hide_password=False)
    done = migrate(owned_database, nobody)
    assert (done.exit_code, len(done.output.strip().splitlines())) == (1, 1)
    assert "CREATE ROLE \"nobody_of_ours\" LOGIN PASSWORD '...'" in done.output
    assert migrations.current(owned_database) is None


def test_the_apps_own_role_can_not_migrate(database: Database) -> None:
    if database.is_sqlite:
        return
    with pytest.raises((migrations.MigrationError, DBAPIError)):
        migrations.migrate(database, "base")
    assert migrations.current(database) == migrations.newest()
