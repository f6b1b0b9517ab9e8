"""The queues: their names, time-outs and retry rules, and how work gets onto them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from uuid import uuid4

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry as Reconnect
from rq import Queue, Retry
from rq.exceptions import DequeueTimeout
from rq.serializers import JSONSerializer

from integration.jobs.beats import workers_of
from integration.observability import tracing
from integration.settings import Settings

INTAKE = "intake"
TRAINING = "training"
GRAPH = "graph"
PLATFORM = "platform"
QUEUES = (INTAKE, PLATFORM, TRAINING, GRAPH)

# Both bound what an unreachable Redis costs a request that has a delivery to announce.
QUICK_CONNECT_SECONDS = 0.02
QUICK_ANSWER_SECONDS = 0.03
PAUSE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of job: its function takes a shop's number (and a trigger), and is safe to run again.

    timeout_seconds: longer than this it is stopped. retries: how often it is run again at once after it failed.
    ticket_seconds: how long one waiting job of a shop keeps a second one off the queue; it is also how long it waits
    for a worker before it is dropped, so that a queue without workers does not grow. The sweep brings it back.
    """

    queue: str
    function: str
    timeout_seconds: int
    retries: int
    ticket_seconds: int


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "drain": Kind(INTAKE, "integration.jobs.intake.drain", timeout_seconds=300, retries=1, ticket_seconds=600),
        # On a queue of their own: they wait for somebody else's answers.
        "read": Kind(PLATFORM, "integration.jobs.readings.read_shop", 4 * 3600, retries=0, ticket_seconds=600),
        "refetch": Kind(PLATFORM, "integration.jobs.readings.refetch", 300, retries=0, ticket_seconds=60),
        "listen": Kind(PLATFORM, "integration.jobs.readings.listen", 60, retries=0, ticket_seconds=600),
        "renew": Kind(PLATFORM, "integration.jobs.access.renew", 60, retries=0, ticket_seconds=600),
        # Its number is an attempt's, not a shop's: there is none yet. Somebody waits for it.
        "connect": Kind(PLATFORM, "integration.jobs.connecting.connect", 240, retries=0, ticket_seconds=60),
        "set-up": Kind(PLATFORM, "integration.jobs.set_up.set_up_shop", 300, retries=0, ticket_seconds=600),
        "publish": Kind(PLATFORM, "integration.jobs.published_lists.publish", 3600, retries=0, ticket_seconds=600),
        "bill": Kind(PLATFORM, "integration.jobs.billing.bill", 120, retries=0, ticket_seconds=600),
        "duties": Kind(PLATFORM, "integration.jobs.duties.serve", 3600, retries=0, ticket_seconds=600),
        "tidy": Kind(PLATFORM, "integration.jobs.retention.tidy", timeout_seconds=300, retries=0, ticket_seconds=600),
        # A failed fit is not repeated at once: it would most likely fail again. The next orders or the night do.
        "train": Kind(TRAINING, "integration.jobs.training.train_shop", 4 * 3600, retries=0, ticket_seconds=1800),
        # On a queue of its own: it takes the longest, and no shop's fit waits for it.
        "graph": Kind(GRAPH, "integration.jobs.graph.learn_shop", 4 * 3600, retries=0, ticket_seconds=1800),
    }
)


def connect(settings: Settings) -> Redis:
    """Redis for processes that may wait for it."""
    return Redis.from_url(settings.redis_url, socket_connect_timeout=5)


def connect_quickly(settings: Settings) -> Redis:
    """Redis for callers that would rather go without than wait."""
    return Redis.from_url(
        settings.redis_url,
        socket_connect_timeout=QUICK_CONNECT_SECONDS,
        socket_timeout=QUICK_ANSWER_SECONDS,
        retry=_no_retry(),
    )


def enqueue(redis: Redis, name: str, shop_id: int, *more: str) -> bool:
    """Put a job on its queue; False if one of the same shop waits already. Raises RedisError."""
    kind, job_id = KINDS[name], uuid4().hex
    if not redis.set(_ticket(name, shop_id), job_id, nx=True, ex=kind.ticket_seconds):
        return False
    _queue(redis, name).enqueue(
        kind.function,
        job_id=job_id,
        args=(shop_id, *more),
        timeout=kind.timeout_seconds,
        retry=Retry(max=kind.retries) if kind.retries else None,
        ttl=kind.ticket_seconds,
        result_ttl=0,
        failure_ttl=24 * 3600,
        description=f"{name} shop {shop_id}",
        meta={tracing.CARRIED: tracing.carried()} if tracing.is_on() else None,
    )
    return True


def take_ticket(redis: Redis, name: str, shop_id: int) -> bool:
    """Say that a waiting job has begun, so that the next may be enqueued. False if none was announced."""
    return bool(redis.delete(_ticket(name, shop_id)))


def is_announced(redis: Redis, name: str, shop_id: int) -> bool:
    """Whether a job of this shop was announced that has not begun."""
    return bool(redis.exists(_ticket(name, shop_id)))


def enqueue_lost(redis: Redis, name: str, shop_ids: Sequence[int]) -> int:
    """Enqueue a job for each of these shops, also where one was announced that is no longer on the queue.

    A worker that was killed right after it took a job leaves such an announcement behind. Returns how many.
    """
    if not shop_ids:
        return 0
    tickets: list[bytes | None] = redis.mget([_ticket(name, each) for each in shop_ids])  # type: ignore[assignment]
    waiting = set(_queue(redis, name).get_job_ids())
    lost = [
        shop_id
        for shop_id, ticket in zip(shop_ids, tickets, strict=True)
        if ticket is None or ticket.decode() not in waiting
    ]
    for shop_id in lost:
        take_ticket(redis, name, shop_id)
    return sum(enqueue(redis, name, shop_id) for shop_id in lost)


def next_waiting(redis: Redis, name: str, seconds: float) -> int | None:
    """Take the next job of a kind off its queue and give its shop, whom the caller serves in its place.

    None: none came within so many seconds, or the next one is of another kind.
    """
    queue = _queue(redis, name)
    with suppress(DequeueTimeout):
        found = Queue.dequeue_any([queue], max(1, round(seconds)), redis, serializer=JSONSerializer)
        if found is not None:
            job = found[0]
            mine = job.func_name == KINDS[name].function
            if mine:
                job.delete(remove_from_queue=False)
            else:
                queue.push_job_id(job.id, at_front=True)
            queue.intermediate_queue.remove(job.id)
            return int(job.args[0]) if mine else None
    return None


def waits_any(redis: Redis, name: str) -> bool:
    """Whether jobs wait on the queue of this kind."""
    return _queue(redis, name).count > 0


class Enqueuer:
    """How a web process announces work. Never raises, and costs little when Redis is away: the sweep catches up."""

    def __init__(self, settings: Settings) -> None:
        self._redis = connect_quickly(settings)
        self._paused_until = 0.0

    def drain(self, shop_id: int) -> None:
        """A delivery of this shop waits."""
        self.announce("drain", shop_id)

    def announce(self, name: str, shop_id: int) -> None:
        """A job of this shop is due."""
        if time.monotonic() < self._paused_until:
            return
        try:
            enqueue(self._redis, name, shop_id)
        except RedisError:
            self._paused_until = time.monotonic() + PAUSE_SECONDS

    def close(self) -> None:
        """Give the connections back."""
        with suppress(RedisError):
            self._redis.close()


def _queue(redis: Redis, name: str) -> Queue:
    return Queue(KINDS[name].queue, connection=redis, serializer=JSONSerializer)


def _ticket(name: str, shop_id: int) -> str:
    return f"shelfwise:{name}:{shop_id}:waiting"


@dataclass(frozen=True, slots=True)
class QueueState:
    """Jobs of one queue by what became of them, and how many workers serve it."""

    name: str
    waiting: int
    running: int
    failed: int
    workers: int


def queue_states(settings: Settings) -> list[QueueState]:
    """Every queue as it stands. Raises RedisError, soon, when Redis is away."""
    redis = Redis.from_url(settings.redis_url, socket_connect_timeout=1, socket_timeout=1, retry=_no_retry())
    try:
        return [_queue_state(Queue(name, connection=redis, serializer=JSONSerializer)) for name in QUEUES]
    finally:
        redis.close()


def _queue_state(queue: Queue) -> QueueState:
    return QueueState(
        name=queue.name,
        waiting=queue.count,
        running=queue.started_job_registry.count,
        failed=queue.failed_job_registry.count,
        workers=workers_of(queue),
    )


def _no_retry() -> Reconnect:
    return Reconnect(NoBackoff(), 0)
