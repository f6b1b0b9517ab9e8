"""On PostgreSQL every transaction sees the rows of its shop alone, whoever owns the tables."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

SHOP_COLUMN = {"shop": "id"}
TABLES = """
    shop connection inventory_level product variant customer order refund order_line refund_line slate impression
    visitor session behaviour_event delivery delivery_key model_version access_token location plan privacy_request
    reading refetch usage_event published_list publication connect_attempt
"""

# Both questions are asked once a statement, not once a row. A CASE is no condition of which the planner thinks that it
# leaves few rows: the queries' own conditions name the shop, and say how many there are.
SECURE = """
CREATE FUNCTION shelfwise_secure(name text, shop_column text) RETURNS void LANGUAGE plpgsql AS $function$
BEGIN
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('DROP POLICY IF EXISTS of_shop ON %I', name);
    EXECUTE format($policy$
        CREATE POLICY of_shop ON %I USING (
            CASE WHEN (SELECT current_setting('shelfwise.shop', true) = 'every') THEN true
            ELSE %I = (SELECT nullif(nullif(current_setting('shelfwise.shop', true), ''), 'every')::bigint) END
        )
    $policy$, name, shop_column);
END
$function$
"""

# They run as who owns the tables, so that a role which may only read and write rows can keep the parts in order. Who
# waits for a table makes all others wait behind: not for long.
MAKE_PART = """
CREATE FUNCTION shelfwise_make_part(of_table text, first_day text, low text, high text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp
SET lock_timeout = '250ms' AS $function$
DECLARE
    part text := of_table || '_p' || first_day;
    column_of CONSTANT jsonb := '{{"delivery": "received_at", "behaviour_event": "occurred_at",
        "slate": "slate", "impression": "slate"}}';
    by_column text := column_of ->> of_table;
    scope CONSTANT text := current_setting('shelfwise.shop', true);
BEGIN
    IF by_column IS NULL OR first_day !~ '^[0-9]{{8}}$' THEN
        RAISE EXCEPTION '% has no part %', of_table, first_day;
    END IF;
    PERFORM pg_advisory_xact_lock(7302);
    IF to_regclass(quote_ident(part)) IS NOT NULL THEN
        RETURN false;
    END IF;
    PERFORM set_config('shelfwise.shop', 'every', true);
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS)', part, of_table);
    EXECUTE format(
        'WITH moved AS (DELETE FROM %I WHERE %I >= %L AND %I < %L RETURNING *) INSERT INTO %I SELECT * FROM moved',
        of_table || '_default', by_column, low, by_column, high, part
    );
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', of_table, part, low, high);
    PERFORM shelfwise_secure(part, 'shop_id');
    PERFORM set_config('shelfwise.shop', scope, true);
    RETURN true;
END
$function$
"""
DROP_PART = """
CREATE FUNCTION shelfwise_drop_part(of_table text, first_day text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp
SET lock_timeout = '250ms' AS $function$
DECLARE
    part text := of_table || '_p' || first_day;
    waits boolean := false;
    scope CONSTANT text := current_setting('shelfwise.shop', true);
BEGIN
    IF of_table NOT IN ('delivery', 'behaviour_event', 'slate', 'impression') OR first_day !~ '^[0-9]{{8}}$' THEN
        RAISE EXCEPTION '% has no part %', of_table, first_day;
    END IF;
    PERFORM pg_advisory_xact_lock(7302);
    IF to_regclass(quote_ident(part)) IS NULL THEN
        RETURN false;
    END IF;
    IF of_table = 'delivery' THEN
        PERFORM set_config('shelfwise.shop', 'every', true);
        EXECUTE format('LOCK TABLE %I IN SHARE MODE', part);
        EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE status = ''waiting'')', part) INTO waits;
        PERFORM set_config('shelfwise.shop', scope, true);
    END IF;
    IF NOT waits THEN
        EXECUTE format('DROP TABLE %I', part);
    END IF;
    RETURN NOT waits;
END
$function$
"""
FUNCTIONS = """
    shelfwise_make_part(text, text, text, text)
    shelfwise_drop_part(text, text)
    shelfwise_secure(text, text)
"""
PARTS = """
    SELECT part.relname FROM pg_inherits JOIN pg_class AS part ON part.oid = inhrelid
    JOIN pg_class AS parent ON parent.oid = inhparent
    WHERE parent.relkind = 'p' AND part.relkind = 'r' AND part.relnamespace = to_regnamespace(current_schema())
"""


def upgrade() -> None:
    """Close every table, and what it is parted into. SQLite has nothing of the kind."""
    bind = op.get_bind()
    if bind.dialect.name != "postgresql":
        return
    schema = bind.exec_driver_sql("SELECT quote_ident(current_schema())").scalar_one()
    for statement in (SECURE, MAKE_PART.format(schema=schema), DROP_PART.format(schema=schema)):
        bind.exec_driver_sql(statement.replace("%", "%%"))
    for function in _lines(FUNCTIONS):
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    parts = bind.exec_driver_sql(PARTS).scalars().all()
    for table in [*TABLES.split(), *parts]:
        op.execute(f"SELECT shelfwise_secure('{table}', '{SHOP_COLUMN.get(table, 'shop_id')}')")


def downgrade() -> None:
    """Open them again."""
    bind = op.get_bind()
    if bind.dialect.name != "postgresql":
        return
    parts = bind.exec_driver_sql(PARTS).scalars().all()
    for table in [*TABLES.split(), *parts]:
        op.execute(f'DROP POLICY of_shop ON "{table}"')
        op.execute(f'ALTER TABLE "{table}" NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY')
    for function in _lines(FUNCTIONS):
        op.execute(f"DROP FUNCTION {function}")


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]
