"""A shop's model is replaced whole or not at all, by one fit at a time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from integration.clock import system_clock
from integration.services.status import FitState, ShopState, shop_states
from integration.services.training import NoOrders, Outcome, artifact_folder, train
from integration.settings import Settings
from integration.storage import fits
from integration.storage.database import Database
from integration.storage.fits import FitRunning
from integration.storage.models import FitStatus
from recommender.artifacts import load
from recommender.errors import BadPurchases
from tests.making import START, make_shop, write
from tests.trading import PRODUCTS, cancelled, habits, shelfwise, wait_until

LEASE = timedelta(seconds=30)


def train_by_hand(database: Database, settings: Settings, shop_id: int) -> Outcome:
    return train(database, settings, shop_id, trigger="hand")


def state(database: Database, after: timedelta = timedelta()) -> ShopState:
    return shop_states(database, system_clock() + after)[0]


def last_fit(database: Database, after: timedelta = timedelta()) -> FitState:
    found = state(database, after).last_fit
    assert found is not None
    return found


def serving(database: Database) -> str | None:
    found = state(database).serving
    return found.version if found else None


def artifacts(settings: Settings, shop_id: int) -> list[str]:
    return sorted(path.name for path in (settings.artifacts_dir / str(shop_id)).iterdir())


def test_a_fit_is_published_with_its_artifact_and_its_backtest(
    database: Database, settings: Settings, shop_id: int
) -> None:
    outcome = train_by_hand(database, settings, shop_id)
    assert outcome.status is FitStatus.PUBLISHED
    model, manifest = load(artifact_folder(settings, shop_id, outcome.version))
    assert len(model) == PRODUCTS
    assert manifest["version"] == serving(database) == outcome.version
    now = state(database)
    assert now.serving is not None
    assert now.serving.orders == 400
    assert "hr@10" in now.serving.backtest["strategies"]["popularity"]
    assert manifest["backtest"] == now.serving.backtest


def test_progress_goes_forward_from_reading_to_done(database: Database, settings: Settings, shop_id: int) -> None:
    seen: list[tuple[str, float]] = []
    train(database, settings, shop_id, trigger="hand", progress=lambda stage, share: seen.append((stage, share)))
    shares = [share for _, share in seen]
    assert shares == sorted(shares)
    assert seen[0] == ("reading", 0.0)
    assert seen[-1] == ("done", 1.0)


def test_version_names_sort_by_time(database: Database, settings: Settings, shop_id: int) -> None:
    versions = [train_by_hand(database, settings, shop_id).version for _ in range(2)]
    assert versions == sorted(set(versions))


def test_a_shop_without_orders_is_not_trained(database: Database, settings: Settings) -> None:
    number = make_shop(database, settings)
    with pytest.raises(NoOrders):
        train_by_hand(database, settings, number)
    assert state(database).last_fit is None


def test_a_shop_whose_every_order_was_cancelled_has_nothing_to_learn_from(
    database: Database, settings: Settings
) -> None:
    number = make_shop(database, settings)
    write(database, number, [cancelled(each, START) for each in habits(range(30))])
    with pytest.raises(NoOrders):
        train_by_hand(database, settings, number)
    assert last_fit(database).status is FitStatus.FAILED
    assert "no orders" in last_fit(database).message


def test_a_second_fit_of_a_shop_is_turned_away_while_one_runs(
    database: Database, settings: Settings, shop_id: int
) -> None:
    turned_away: list[str] = []

    def meanwhile(stage: str, _share: float) -> None:
        if stage == "reading":
            with pytest.raises(FitRunning) as caught:
                train_by_hand(database, settings, shop_id)
            turned_away.append(str(caught.value))

    outcome = train(database, settings, shop_id, trigger="hand", progress=meanwhile)
    assert outcome.status is FitStatus.PUBLISHED
    assert "already running since" in turned_away[0]


def test_another_shop_is_trained_meanwhile(database: Database, settings: Settings, shop_id: int) -> None:
    other = make_shop(database, settings, "other")
    write(database, other, habits(range(100)))
    outcomes: list[Outcome] = []

    def meanwhile(stage: str, _share: float) -> None:
        if stage == "reading":
            outcomes.append(train_by_hand(database, settings, other))

    train(database, settings, shop_id, trigger="hand", progress=meanwhile)
    assert outcomes[0].status is FitStatus.PUBLISHED


def at_stage(name: str, error: BaseException) -> Callable[[str, float], None]:
    """A progress callback that breaks the fit when it comes to a stage."""

    def broken(stage: str, _share: float) -> None:
        if stage == name:
            raise error

    return broken


@pytest.mark.parametrize("stage", ["matrix", "refit", "saving", "publishing"])
def test_a_fit_that_breaks_leaves_the_serving_model_and_says_why(
    database: Database, settings: Settings, shop_id: int, stage: str
) -> None:
    before = train_by_hand(database, settings, shop_id).version
    with pytest.raises(BadPurchases):
        train(database, settings, shop_id, trigger="hand", progress=at_stage(stage, BadPurchases("a broken rule")))
    assert serving(database) == before
    assert artifacts(settings, shop_id) == [before]
    assert last_fit(database).status is FitStatus.FAILED
    assert last_fit(database).message == "BadPurchases: a broken rule"


def test_a_fit_that_is_stopped_by_hand_says_so(database: Database, settings: Settings, shop_id: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(database, settings, shop_id, trigger="hand", progress=at_stage("fit", KeyboardInterrupt()))
    assert last_fit(database).status is FitStatus.KILLED
    assert train_by_hand(database, settings, shop_id).status is FitStatus.PUBLISHED


def test_what_breaks_after_publication_leaves_the_published_model_in_place(
    database: Database, settings: Settings, shop_id: int
) -> None:
    with pytest.raises(RuntimeError):
        train(
            database, settings, shop_id, trigger="hand", progress=at_stage("done", RuntimeError("the screen is gone"))
        )
    assert last_fit(database).status is FitStatus.PUBLISHED
    load(artifact_folder(settings, shop_id, str(serving(database))))


def test_a_model_that_does_worse_on_new_orders_is_not_published(
    database: Database, settings: Settings, shop_id: int
) -> None:
    before = train_by_hand(database, settings, shop_id).version
    lost = [cancelled(each, START) for each in habits(range(400))]
    write(database, shop_id, lost[:395])
    write(database, shop_id, habits(range(1000, 1300), end=START + timedelta(days=40), days=40, seed=8))
    outcome = train_by_hand(database, settings, shop_id)
    assert outcome.status is FitStatus.REFUSED
    assert serving(database) == before
    assert artifacts(settings, shop_id) == [before]
    assert last_fit(database).status is FitStatus.REFUSED
    assert "Not published" in last_fit(database).message


def test_the_last_three_artifacts_are_kept_and_leavings_of_killed_fits_go(
    database: Database, settings: Settings, shop_id: int
) -> None:
    leavings = settings.artifacts_dir / str(shop_id) / ".20200101T000000000000Z.abc.partial"
    leavings.mkdir(parents=True)
    versions = [train_by_hand(database, settings, shop_id).version for _ in range(4)]
    assert artifacts(settings, shop_id) == versions[1:]


def test_a_damaged_serving_model_does_not_keep_a_new_one_out(
    database: Database, settings: Settings, shop_id: int
) -> None:
    before = train_by_hand(database, settings, shop_id).version
    (artifact_folder(settings, shop_id, before) / "manifest.json").write_text("{}")
    assert train_by_hand(database, settings, shop_id).status is FitStatus.PUBLISHED


def test_a_fit_that_was_taken_for_dead_does_not_publish(database: Database, settings: Settings, shop_id: int) -> None:
    def taken_for_dead(stage: str, _share: float) -> None:
        if stage == "saving":
            with database.write() as connection:
                fits.mark_killed(connection, system_clock() + timedelta(days=1))

    with pytest.raises(fits.LostLease):
        train(database, settings, shop_id, trigger="hand", progress=taken_for_dead)
    assert serving(database) is None
    assert last_fit(database).status is FitStatus.KILLED


def test_the_lease_is_renewed_while_a_fit_runs(database: Database, settings: Settings, shop_id: int) -> None:
    lease = timedelta(seconds=0.5)
    began = system_clock()

    def linger(stage: str, _share: float) -> None:
        if stage == "backtest":
            wait_until(lambda: system_clock() > began + 3 * lease)
            assert last_fit(database).status is FitStatus.RUNNING
            assert last_fit(database).stage == "backtest"

    assert (
        train(database, settings, shop_id, trigger="hand", progress=linger, lease=lease).status is FitStatus.PUBLISHED
    )


def test_a_killed_fit_leaves_the_serving_model_and_status_says_killed(
    database: Database, settings: Settings, shop_id: int
) -> None:
    before = train_by_hand(database, settings, shop_id).version
    with shelfwise(settings, "train", "--shop", "demo", iterations=100_000) as process:
        wait_until(lambda: last_fit(database).stage == "fit", process)
        process.kill()
        process.wait()
    assert serving(database) == before
    assert artifacts(settings, shop_id) == [before]
    assert last_fit(database).status is FitStatus.RUNNING
    assert last_fit(database, LEASE).status is FitStatus.KILLED
    with pytest.raises(FitRunning):
        train_by_hand(database, settings, shop_id)
    with database.write() as connection:
        fits.mark_killed(connection, system_clock() + LEASE)
    assert train_by_hand(database, settings, shop_id).status is FitStatus.PUBLISHED


def test_a_fit_in_another_process_that_is_told_to_end_says_so(
    database: Database, settings: Settings, shop_id: int
) -> None:
    with shelfwise(settings, "train", "--shop", "demo", iterations=100_000) as process:
        wait_until(lambda: state(database).last_fit and last_fit(database).stage == "fit", process)
        process.terminate()
        assert process.wait(timeout=30) != 0
    assert last_fit(database).status is FitStatus.KILLED


def test_of_many_that_begin_at_once_one_may(database: Database, shop_id: int) -> None:
    def begin(number: int) -> bool:
        try:
            fits.begin_fit(database, shop_id, version=str(number), trigger="hand", now=system_clock(), lease=LEASE)
        except FitRunning:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(begin, range(8))) == 1


def test_settings_reach_the_model(database: Database, settings: Settings, shop_id: int) -> None:
    small = replace(settings, factors=8, iterations=4)
    outcome = train_by_hand(database, small, shop_id)
    model, manifest = load(artifact_folder(small, shop_id, outcome.version))
    assert model.item_factors.shape[1] == 8
    assert manifest["parameters"] == outcome.details.parameters
