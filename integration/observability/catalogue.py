"""Every metric there is. docs/operating/observability.md shows this table; a test keeps the two alike."""

from __future__ import annotations

from types import MappingProxyType

from integration.observability.metrics import Counter, Gauge, Histogram, Metric

# Seconds. A slate takes some tenths of a millisecond, an answer to a webhook some milliseconds, a fit minutes.
QUICK = (0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.0, 2.0)
REQUEST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 5.0, 10.0)
LAG = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0, 86_400.0)
LONG = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0)
SHARES = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75)

REQUESTS = Counter("shelfwise_http_requests_total", "Requests that a web process answered.", ("route", "status"))
REQUEST_SECONDS = Histogram(
    "shelfwise_http_request_seconds", "How long an answer took, slates aside.", ("route",), bounds=REQUEST
)
REQUESTS_LIMITED = Counter(
    "shelfwise_http_requests_limited_total", "Requests refused because too many came, by what was counted.", ("by",)
)

RECEIVED = Counter(
    "shelfwise_deliveries_received_total",
    "Deliveries that came in, by what became of them: kept, applied at once, parked, repeat, or why not taken.",
    ("connector", "outcome"),
)
ANSWER_SECONDS = Histogram(
    "shelfwise_delivery_answer_seconds", "How long a platform waited for its answer.", ("connector",), bounds=REQUEST
)
APPLIED = Counter(
    "shelfwise_deliveries_applied_total",
    "Deliveries that were worked off, by what became of them: applied, retried or parked.",
    ("outcome",),
)
APPLY_LAG_SECONDS = Histogram(
    "shelfwise_delivery_lag_seconds", "From a delivery's arrival until it was applied.", (), bounds=LAG
)
WAITING = Gauge("shelfwise_deliveries_waiting", "Deliveries kept and not yet applied, all shops together.")
OLDEST_WAITING_SECONDS = Gauge("shelfwise_deliveries_oldest_seconds", "Age of the oldest of them; 0 where none waits.")
PARKED = Gauge("shelfwise_deliveries_parked", "Deliveries given up after their last attempt, until somebody replays.")
SHOPS_WAITING = Gauge("shelfwise_shops_waiting", "Shops with at least one delivery that is not yet applied.")

JOBS = Counter("shelfwise_jobs_total", "Jobs that ended, by how: done, failed or killed.", ("job", "outcome"))
JOB_SECONDS = Histogram("shelfwise_job_seconds", "How long a job ran.", ("job",), bounds=LONG)
JOB_WAIT_SECONDS = Histogram(
    "shelfwise_job_wait_seconds", "How long a job was on its queue before it began.", ("queue",), bounds=LAG
)
QUEUE_JOBS = Gauge("shelfwise_queue_jobs", "Jobs of a queue: waiting, running or failed.", ("queue", "state"))
QUEUE_OLDEST_SECONDS = Gauge("shelfwise_queue_oldest_seconds", "How long a queue's next job has waited.", ("queue",))
WORKERS = Gauge("shelfwise_workers", "Workers that serve a queue, on all machines.", ("queue",))
SCHEDULERS = Gauge("shelfwise_schedulers", "Schedulers on all machines, by whether they lead or stand by.", ("state",))

FITS = Counter("shelfwise_fits_total", "Fits that ended, by how: published, refused, failed or killed.", ("outcome",))
FIT_SECONDS = Histogram("shelfwise_fit_seconds", "How long a fit took, by how it ended.", ("outcome",), bounds=LONG)
FIT_HIT_RATE = Histogram(
    "shelfwise_fit_hit_rate",
    "Backtest of a fit: share of orders of which the ten products shown hold one.",
    (),
    bounds=SHARES,
)
FITS_RUNNING = Gauge("shelfwise_fits_running", "Fits that run now.")
OLDEST_MODEL_SECONDS = Gauge("shelfwise_models_oldest_seconds", "Age of the oldest model that serves a shop.")
SHOPS = Gauge("shelfwise_shops", "Shops, by whether a model serves them.", ("model",))

SLATE_SECONDS = Histogram(
    "shelfwise_slate_seconds",
    "How long a slate took to compute; the strategy is none where it was empty.",
    ("placement", "strategy"),
    bounds=QUICK,
)
SLATE_TROUBLES = Counter(
    "shelfwise_slate_troubles_total", "Slates made without something that failed: shelf, model or visit.", ("part",)
)
SLATES_LOST = Counter("shelfwise_slates_lost_total", "Slates shown that the log of slates had no room for.")
SHELF_READS = Counter(
    "shelfwise_shelf_reads_total",
    "Slates before which a shelf had to be read: whole, or what changed. All others found theirs in memory.",
    ("read",),
)
PRODUCTS_HIDDEN = Counter(
    "shelfwise_products_hidden_total", "Products that a web process took off a shelf because they were sold out."
)
MODEL_LOADS = Counter(
    "shelfwise_model_loads_total", "Models that a web process came to serve from, or could not load.", ("outcome",)
)
ARTIFACT_READS = Counter(
    "shelfwise_artifact_reads_total",
    "Artifacts asked for, by whether the machine's own copy did: hit, fetched or failed.",
    ("outcome",),
)

DRIFT = Counter(
    "shelfwise_drift_rows_total", "What a reconcile found to differ from the platform and put right.", ("kind",)
)
RECONCILES = Counter("shelfwise_reconciles_total", "Reconciles that ended, by how.", ("outcome",))
SILENT_FEEDS = Gauge("shelfwise_silent_feeds", "Shops that have been silent for longer than their rhythm explains.")

DUTIES_OPEN = Gauge("shelfwise_duties_open", "Erasures and exports that are owed and not yet done.", ("duty",))
DUTY_OLDEST_SECONDS = Gauge("shelfwise_duties_oldest_seconds", "Age of the oldest of them; 0 where none is owed.")

DATABASE_ERRORS = Counter("shelfwise_database_errors_total", "Statements that the store refused.", ("error",))
STORE_UP = Gauge("shelfwise_store_up", "1 where the store answers.")
STORE_BYTES = Gauge("shelfwise_store_bytes", "Size of the store.")
REDIS_UP = Gauge("shelfwise_redis_up", "1 where Redis answers.")
LOGGED = Counter("shelfwise_logged_total", "Log lines of a warning and worse.", ("level",))
PROCESSES = Gauge("shelfwise_processes", "Processes of this machine that live.", ("role",))
MEMORY_BYTES = Gauge("shelfwise_memory_bytes", "Their resident memory.", ("role",))
DISK_FREE_BYTES = Gauge("shelfwise_disk_free_bytes", "Free room on the disk of the data folder.")
BUILD = Gauge("shelfwise_build_info", "1, with the version that runs.", ("version",))

METRICS = MappingProxyType({each.name: each for each in list(globals().values()) if isinstance(each, Metric)})
