//! The tables and keys of a scenario file.

use super::Kind::{
    Bytes, Choice, Count, Date, Duration, Flag, List, Memory, OrWord, Pair, PositiveDuration,
    Quota, Rate, Share, Table, Text, True,
};
use super::{Kind, TableSpec, alternative, optional, required};

/// Kinds that are used more than once need an address.
static LAW_KIND: Kind = Table(&LAW);
static KEEP_ALIVE_KIND: Kind = Table(&KEEP_ALIVE);
static REUSE_KIND: Kind = Choice(&["most-recent", "newest", "oldest", "random", "least-recent"]);
static SHAPE: Kind = Kind::Number(0.01, 1000.0);
static FUNCTION_KIND: Kind = Table(&FUNCTION);
static PLACEMENT: Kind = Choice(&["uniform", "equidistant", "minute-start"]);
static CONCURRENCY: Kind = Count(0, 1_000_000_000);

/// The whole file.
pub static SCENARIO: TableSpec = TableSpec {
    name: "scenario",
    doc: "A scenario: what is simulated.",
    example: "[run]",
    keys: &[
        optional(
            "run",
            &Table(&RUN),
            "Length, replications and warm-up of the run.",
        ),
        optional(
            "platform",
            &Table(&PLATFORM),
            "What all functions share: a dated preset, and what overrides it.",
        ),
        optional(
            "trace",
            &Table(&TRACE),
            "Recorded arrivals, in place of `arrivals`. Its functions are added to those of the file; a [[function]] of the same name overrides what the trace says.",
        ),
        optional(
            "function-defaults",
            &FUNCTION_KIND,
            "Keys for every function that does not have them itself.",
        ),
        optional("function", &List(&FUNCTION_KIND, 100_000), "A function."),
        optional("slo", &List(&Table(&SLO), 1000), "A promise to check."),
    ],
};

static RUN: TableSpec = TableSpec {
    name: "run",
    doc: "Length, replications and warm-up.",
    example: "run.duration = \"24 h\"",
    keys: &[
        optional(
            "duration",
            &PositiveDuration,
            "The simulated span. Required, unless a trace gives its length.",
        ),
        optional(
            "replications",
            &Count(1, 100_000),
            "Independent repetitions with other random streams; 10 by default, 1 for a trace.",
        ),
        optional(
            "warm-up",
            &OrWord("auto", &Duration),
            "What is discarded at the start: \"auto\" (keep-alive plus the longest service) or a duration. A trace discards nothing by default.",
        ),
    ],
};

static PLATFORM: TableSpec = TableSpec {
    name: "platform",
    doc: "What all functions share.",
    example: "platform.preset = \"aws-lambda@2026-10\"",
    keys: &[
        optional(
            "preset",
            &Text,
            "A dated preset, such as \"aws-lambda@2026-10\"; \"aws-lambda\", the default, is the newest one.",
        ),
        optional(
            "keep-alive",
            &KEEP_ALIVE_KIND,
            "How long an idle instance is kept; the preset's by default.",
        ),
        optional(
            "instances",
            &Table(&INSTANCES),
            "How instances are reused and how old they become.",
        ),
        optional("limits", &Table(&LIMITS), "Limits of the account."),
        optional(
            "provisioning",
            &Table(&PROVISIONING),
            "How provisioned instances come up.",
        ),
        optional("price", &Table(&PRICE), "Which prices apply."),
    ],
};

static KEEP_ALIVE: TableSpec = TableSpec {
    name: "keep-alive",
    doc: "How long an idle instance is kept; it expires when idle for strictly longer.",
    example: "keep-alive.fixed = \"6 min\"",
    keys: &[
        alternative("fixed", &Duration, "The same time at every idle start."),
        alternative(
            "uniform",
            &Table(&UNIFORM),
            "A time between the two, drawn anew at each idle start.",
        ),
        alternative(
            "halving",
            &PositiveDuration,
            "At each multiple of this age of idleness the instance survives with probability one half.",
        ),
        alternative("none", &True, "An instance serves one request and ends."),
        alternative("forever", &True, "Idle instances are never taken away."),
    ],
};

static INSTANCES: TableSpec = TableSpec {
    name: "instances",
    doc: "How instances are reused and how old they become.",
    example: "instances.reuse = \"most-recent\"",
    keys: &[
        optional(
            "reuse",
            &REUSE_KIND,
            "Which available instance takes an invocation: the one used last, the youngest, the oldest, any, or the one unused for longest.",
        ),
        optional(
            "max-age",
            &LAW_KIND,
            "How old an instance may become; it is not reused beyond, and ends when idle. Unlimited by default.",
        ),
    ],
};

static LIMITS: TableSpec = TableSpec {
    name: "limits",
    doc: "Limits of the account; \"none\" lifts one.",
    example: "limits.account = 1000",
    keys: &[
        optional(
            "account",
            &OrWord("none", &CONCURRENCY),
            "Concurrent executions of all functions together.",
        ),
        optional(
            "scale-up",
            &OrWord("none", &Quota),
            "New instances of each function: \"1000 per 10 s\".",
        ),
        optional(
            "rate",
            &OrWord("none", &Quota),
            "Requests of all functions together: \"10000 /s\". By default ten times the account's concurrency a second.",
        ),
    ],
};

static PROVISIONING: TableSpec = TableSpec {
    name: "provisioning",
    doc: "How provisioned instances come up after they were asked for.",
    example: "provisioning.delay = \"90 s\"",
    keys: &[
        optional(
            "delay",
            &Duration,
            "The time before the first instance starts.",
        ),
        optional(
            "pace",
            &Quota,
            "How fast they start from then on: \"6000 per 1 min\".",
        ),
    ],
};

static PRICE: TableSpec = TableSpec {
    name: "price",
    doc: "Which prices apply.",
    example: "price.region = \"us-east-1\"",
    keys: &[
        optional(
            "region",
            &Text,
            "Region of the price book; \"us-east-1\" by default.",
        ),
        optional(
            "free-tier",
            &Flag,
            "Whether the monthly free tier is taken off; false by default.",
        ),
    ],
};

static TRACE: TableSpec = TableSpec {
    name: "trace",
    doc: "Recorded arrivals; the key is the format.",
    example: "trace.azure-functions-2019 = { path = \"azure-functions-2019\" }",
    keys: &[
        alternative(
            "azure-functions-2019",
            &Table(&TRACE_FILE),
            "Counts a minute of the Azure Functions trace of 2019.",
        ),
        alternative(
            "azure-functions-2021",
            &Table(&TRACE_FILE),
            "Invocations of the Azure Functions trace of 2021.",
        ),
        alternative("opendc", &Table(&TRACE_FILE), "An OpenDC serverless trace."),
        alternative(
            "huawei-2025",
            &Table(&TRACE_FILE),
            "The Huawei Cloud trace of 2025.",
        ),
        alternative(
            "request-log",
            &Table(&REQUEST_LOG),
            "Any table of requests with a column of times.",
        ),
    ],
};

static TRACE_FILE: TableSpec = TableSpec {
    name: "trace-file",
    doc: "Where a trace lies and how it is read.",
    example: "{ path = \"trace\" }",
    keys: &[
        required(
            "path",
            &Text,
            "The trace's file or folder, relative to the scenario.",
        ),
        optional(
            "placement",
            &PLACEMENT,
            "Where in its minute an invocation falls: \"uniform\" (exact order statistics, the default), \"equidistant\" or \"minute-start\".",
        ),
    ],
};

static REQUEST_LOG: TableSpec = TableSpec {
    name: "request-log",
    doc: "Where a request log lies and what its columns are.",
    example: "{ path = \"requests.csv\", time = \"timestamp\" }",
    keys: &[
        required("path", &Text, "The log, relative to the scenario."),
        required("time", &Text, "The column with the time of arrival."),
        optional("end", &Text, "The column with the time of the response."),
        optional("duration", &Text, "The column with the duration."),
        optional("function", &Text, "The column with the function's name."),
        optional(
            "cold",
            &Text,
            "The column that says whether the start was cold.",
        ),
        optional(
            "time-unit",
            &Choice(&["ns", "us", "ms", "s"]),
            "The unit of times and durations that are plain numbers; \"s\" by default.",
        ),
    ],
};

static FUNCTION: TableSpec = TableSpec {
    name: "function",
    doc: "A function. Only `name`, `duration` and `arrivals` are required.",
    example: "[[function]]\nname = \"checkout\"",
    keys: &[
        optional("name", &Text, "The name, unique in the scenario. Required."),
        optional(
            "like",
            &Text,
            "Take every key that is not given here from this other function of the file.",
        ),
        optional(
            "architecture",
            &Choice(&["x86_64", "arm64"]),
            "CPU architecture; \"x86_64\" by default.",
        ),
        optional(
            "memory",
            &Memory(1, 1_048_576),
            "Memory size; \"128 MiB\" by default, as on AWS Lambda.",
        ),
        optional(
            "ephemeral-storage",
            &Memory(1, 1_048_576),
            "Temporary disk; \"512 MiB\" by default.",
        ),
        optional("package", &Table(&PACKAGE), "Size and kind of the package."),
        optional(
            "runtime",
            &Text,
            "An AWS runtime identifier such as \"python3.13\": its measured init is built in.",
        ),
        optional(
            "vpc",
            &Flag,
            "Whether the function is attached to a VPC; false by default.",
        ),
        optional(
            "snapshot",
            &Table(&SNAPSHOT),
            "Whether instances start from a snapshot.",
        ),
        optional(
            "extensions",
            &List(&Table(&EXTENSION), 16),
            "Extensions, whose init adds to the function's own.",
        ),
        optional(
            "init",
            &Table(&INIT),
            "What an instance's start takes. `total` goes before `profile`, and `profile` before `runtime`.",
        ),
        optional(
            "duration",
            &LAW_KIND,
            "How long an invocation takes, init not included. Required.",
        ),
        optional(
            "first-invocation",
            &LAW_KIND,
            "What an instance's first invocation takes in addition; nothing by default. With `cpu` it is given at `cpu.measured-at` and scales as a whole.",
        ),
        optional(
            "cpu",
            &Table(&CPU),
            "How `duration` depends on memory; not at all by default.",
        ),
        optional("response", &Table(&RESPONSE), "What an invocation returns."),
        optional(
            "timeout",
            &PositiveDuration,
            "An invocation that runs longer is cut off, and its instance with it; no timeout by default.",
        ),
        optional(
            "concurrency",
            &Count(1, 100_000),
            "Requests that an instance takes at once; 1 by default.",
        ),
        optional(
            "provisioned",
            &Table(&PROVISIONED),
            "Instances kept started and paid for; none by default.",
        ),
        optional(
            "reserved",
            &CONCURRENCY,
            "Reserved concurrency: guarantee and cap; none by default.",
        ),
        optional(
            "max-instances",
            &Count(1, 1_000_000_000),
            "Instances at the most, provisioned ones included; unlimited by default.",
        ),
        optional(
            "queue",
            &Table(&QUEUE),
            "Where requests wait that find no instance; nowhere by default.",
        ),
        optional(
            "arrivals",
            &Table(&ARRIVALS),
            "When requests come. Required, unless a trace says it.",
        ),
        optional(
            "keep-alive",
            &KEEP_ALIVE_KIND,
            "How long an idle instance is kept; the platform's by default.",
        ),
        optional(
            "reuse",
            &REUSE_KIND,
            "Which available instance takes an invocation; the platform's by default.",
        ),
        optional(
            "max-age",
            &LAW_KIND,
            "How old an instance may become; the platform's by default.",
        ),
        optional(
            "initial",
            &Table(&INITIAL),
            "The pool when the run starts; empty by default.",
        ),
    ],
};

static PACKAGE: TableSpec = TableSpec {
    name: "package",
    doc: "Size and kind of the package.",
    example: "package = { size = \"18 MB\", kind = \"zip\" }",
    keys: &[
        optional(
            "size",
            &Bytes,
            "Its size as it is fetched; without it, fetching takes no time.",
        ),
        optional(
            "kind",
            &Choice(&["zip", "image"]),
            "\"zip\" by default, or a container \"image\".",
        ),
    ],
};

static SNAPSHOT: TableSpec = TableSpec {
    name: "snapshot",
    doc: "Whether instances start from a snapshot.",
    example: "snapshot.snap-start = {}",
    keys: &[
        alternative("none", &True, "They do not."),
        alternative(
            "snap-start",
            &Table(&SNAP_START),
            "They do, as with Lambda SnapStart; `init.restore` says how long that takes.",
        ),
    ],
};

static SNAP_START: TableSpec = TableSpec {
    name: "snap-start",
    doc: "Lambda SnapStart; it has no settings here.",
    example: "snapshot.snap-start = {}",
    keys: &[],
};

static EXTENSION: TableSpec = TableSpec {
    name: "extension",
    doc: "An extension.",
    example: "extensions = [{ name = \"telemetry\", init.constant = \"80 ms\" }]",
    keys: &[
        required("name", &Text, "Its name."),
        required("init", &LAW_KIND, "What its init adds to the function's."),
    ],
};

static INIT: TableSpec = TableSpec {
    name: "init",
    doc: "What an instance's start takes.",
    example: "init.total.constant = \"250 ms\"",
    keys: &[
        optional(
            "total",
            &LAW_KIND,
            "The whole init as one law; nothing else of `init` counts then.",
        ),
        optional(
            "profile",
            &Text,
            "A profile made by `frostline calibrate`, relative to the scenario.",
        ),
        optional("placement", &LAW_KIND, "Finding a host."),
        optional("network", &LAW_KIND, "Attaching the network."),
        optional("fetch", &LAW_KIND, "Bringing the package to the host."),
        optional(
            "sandbox",
            &LAW_KIND,
            "Starting the microVM, container, isolate or process.",
        ),
        optional("runtime", &LAW_KIND, "Starting the language runtime."),
        optional(
            "code",
            &LAW_KIND,
            "The function's own init: imports, clients, static state.",
        ),
        optional("restore", &LAW_KIND, "Restoring a snapshot."),
    ],
};

static CPU: TableSpec = TableSpec {
    name: "cpu",
    doc: "How `duration` depends on memory: t = d · (1 − b + b · f(memory)/f(measured-at)) with f(m) = 1/min(threads, m/1769 MiB).",
    example: "cpu = { bound = \"80 %\", measured-at = \"1769 MiB\" }",
    keys: &[
        required(
            "bound",
            &Share,
            "The share b of `duration` that is CPU-bound.",
        ),
        optional(
            "measured-at",
            &Memory(1, 1_048_576),
            "The memory size at which `duration` and `first-invocation` hold; \"1769 MiB\" (one vCPU) by default.",
        ),
        optional(
            "threads",
            &Count(1, 1024),
            "Threads that the CPU-bound part keeps busy; 1 by default.",
        ),
    ],
};

static RESPONSE: TableSpec = TableSpec {
    name: "response",
    doc: "What an invocation returns.",
    example: "response.size = \"4 kB\"",
    keys: &[optional(
        "size",
        &Bytes,
        "Size of a response; nothing by default.",
    )],
};

static PROVISIONED: TableSpec = TableSpec {
    name: "provisioned",
    doc: "Provisioned concurrency.",
    example: "provisioned.fixed = 5",
    keys: &[
        required("fixed", &Count(0, 1_000_000), "Instances kept started."),
        optional(
            "allocate",
            &Choice(&["before", "at-start"]),
            "\"before\", the default: they are there when the run starts; \"at-start\": they are asked for then.",
        ),
    ],
};

static QUEUE: TableSpec = TableSpec {
    name: "queue",
    doc: "Where requests wait that find no instance.",
    example: "queue = { length = 100, wait = \"10 s\" }",
    keys: &[
        required(
            "length",
            &Count(0, 10_000_000),
            "Requests that may wait at once.",
        ),
        required(
            "wait",
            &Duration,
            "How long each may wait before it is dropped.",
        ),
    ],
};

static INITIAL: TableSpec = TableSpec {
    name: "initial",
    doc: "The pool when the run starts.",
    example: "initial = { idle = 5 }",
    keys: &[
        optional(
            "idle",
            &Count(0, 1_000_000),
            "Idle instances, idle since time zero.",
        ),
        optional(
            "busy",
            &Count(0, 1_000_000),
            "Busy instances, each at the start of an invocation that counts as no request.",
        ),
    ],
};

static SLO: TableSpec = TableSpec {
    name: "slo",
    doc: "A promise to check.",
    example: "[[slo]]\nassert = \"checkout: p99 <= 300 ms\"",
    keys: &[required(
        "assert",
        &Text,
        "`[function:] metric op value`, such as \"checkout: p99 <= 300 ms\".",
    )],
};

/// Laws of durations.
static LAW: TableSpec = TableSpec {
    name: "law",
    doc: "A law of durations.",
    example: "constant = \"1 s\"",
    keys: &[
        alternative("constant", &Duration, "Always the same."),
        alternative("exponential", &Table(&EXPONENTIAL), "Exponential."),
        alternative("uniform", &Table(&UNIFORM), "Uniform between the two."),
        alternative(
            "log-normal",
            &Table(&LOG_NORMAL),
            "Log-normal, by median and 99th percentile or by mean and standard deviation.",
        ),
        alternative("gamma", &Table(&GAMMA), "Gamma."),
        alternative(
            "weibull",
            &Table(&WEIBULL),
            "Weibull: P(T > t) = exp(−(t/scale)^shape).",
        ),
        alternative(
            "pareto",
            &Table(&PARETO),
            "Pareto: P(T > t) = (minimum/t)^shape.",
        ),
        alternative(
            "empirical",
            &Table(&EMPIRICAL),
            "A table of quantiles, linear between its points.",
        ),
        alternative(
            "mixture",
            &List(&Table(&PART), 10_000),
            "A weighted choice among laws.",
        ),
    ],
};

static EXPONENTIAL: TableSpec = TableSpec {
    name: "exponential",
    doc: "An exponential law.",
    example: "exponential = { mean = \"2 s\" }",
    keys: &[required("mean", &Duration, "The mean.")],
};

static UNIFORM: TableSpec = TableSpec {
    name: "uniform",
    doc: "Between the two.",
    example: "uniform = { low = \"5 min\", high = \"7 min\" }",
    keys: &[
        required("low", &Duration, "The lower end."),
        required("high", &Duration, "The upper end."),
    ],
};

static LOG_NORMAL: TableSpec = TableSpec {
    name: "log-normal",
    doc: "A log-normal law: { median, p99 } or { mean, standard-deviation }.",
    example: "log-normal = { median = \"120 ms\", p99 = \"900 ms\" }",
    keys: &[
        optional("median", &Duration, "The median."),
        optional("p99", &Duration, "The 99th percentile."),
        optional("mean", &Duration, "The mean."),
        optional("standard-deviation", &Duration, "The standard deviation."),
    ],
};

static GAMMA: TableSpec = TableSpec {
    name: "gamma",
    doc: "A gamma law.",
    example: "gamma = { shape = 2.0, mean = \"100 ms\" }",
    keys: &[
        required("shape", &SHAPE, "The shape."),
        required("mean", &Duration, "The mean."),
    ],
};

static WEIBULL: TableSpec = TableSpec {
    name: "weibull",
    doc: "A Weibull law.",
    example: "weibull = { shape = 0.8, scale = \"100 ms\" }",
    keys: &[
        required("shape", &SHAPE, "The shape."),
        required("scale", &Duration, "The scale."),
    ],
};

static PARETO: TableSpec = TableSpec {
    name: "pareto",
    doc: "A Pareto law (type I).",
    example: "pareto = { shape = 2.5, minimum = \"50 ms\" }",
    keys: &[
        required(
            "shape",
            &SHAPE,
            "The shape; the mean is infinite at 1 and below.",
        ),
        required("minimum", &Duration, "The smallest value."),
    ],
};

static EMPIRICAL: TableSpec = TableSpec {
    name: "empirical",
    doc: "A table of quantiles.",
    example: "empirical = { quantiles = [[0.5, \"120 ms\"], [0.99, \"900 ms\"]] }",
    keys: &[required(
        "quantiles",
        &List(&Pair(&Share, &Duration), 10_000),
        "Points [probability, value], rising.",
    )],
};

static PART: TableSpec = TableSpec {
    name: "mixture-part",
    doc: "A part of a mixture: its weight and its law.",
    example: "{ weight = 0.9, constant = \"1 s\" }",
    keys: &[
        required(
            "weight",
            &Kind::Number(1e-12, 1e12),
            "The weight; weights need not sum to 1.",
        ),
        alternative("constant", &Duration, "Always the same."),
        alternative("exponential", &Table(&EXPONENTIAL), "Exponential."),
        alternative("uniform", &Table(&UNIFORM), "Uniform between the two."),
        alternative("log-normal", &Table(&LOG_NORMAL), "Log-normal."),
        alternative("gamma", &Table(&GAMMA), "Gamma."),
        alternative("weibull", &Table(&WEIBULL), "Weibull."),
        alternative("pareto", &Table(&PARETO), "Pareto."),
        alternative("empirical", &Table(&EMPIRICAL), "A table of quantiles."),
        alternative(
            "mixture",
            &List(&Table(&PART), 10_000),
            "A weighted choice among laws.",
        ),
    ],
};

/// Arrival processes.
static ARRIVALS: TableSpec = TableSpec {
    name: "arrivals",
    doc: "When requests come.",
    example: "arrivals.poisson = { rate = \"3 /s\" }",
    keys: &[
        alternative(
            "poisson",
            &Table(&POISSON),
            "A Poisson process with a constant rate.",
        ),
        alternative(
            "renewal",
            &LAW_KIND,
            "Independent times between requests, all of one law.",
        ),
        alternative(
            "piecewise",
            &Table(&PIECEWISE),
            "A Poisson process whose rate is a step or a polygon, repeated with a period.",
        ),
        alternative(
            "sinusoidal",
            &Table(&SINUSOIDAL),
            "A Poisson process whose rate is a sine: mean · (1 + amplitude · cos(2π (t − peak)/period)).",
        ),
        alternative(
            "mmpp",
            &Table(&MMPP),
            "A Markov-modulated Poisson process: exponential stays in states that each have a rate, in a circle.",
        ),
        alternative(
            "bursts",
            &Table(&BURSTS),
            "A Poisson process of bursts over a Poisson background.",
        ),
        alternative(
            "schedule",
            &Table(&SCHEDULE),
            "Known instants: a cron expression or a fixed interval.",
        ),
    ],
};

static POISSON: TableSpec = TableSpec {
    name: "poisson",
    doc: "A Poisson process.",
    example: "poisson = { rate = \"3 /s\" }",
    keys: &[required("rate", &Rate, "Requests per time.")],
};

static PIECEWISE: TableSpec = TableSpec {
    name: "piecewise",
    doc: "A rate by the time of the period.",
    example: "piecewise = { period = \"24 h\", rates = [[\"0 h\", \"1 /s\"], [\"8 h\", \"5 /s\"]] }",
    keys: &[
        required(
            "period",
            &PositiveDuration,
            "After this time the points start over.",
        ),
        optional(
            "interpolation",
            &Choice(&["step", "linear"]),
            "\"step\", the default: a rate holds until the next point; \"linear\": a straight line to it.",
        ),
        required(
            "rates",
            &List(&Pair(&Duration, &Rate), 10_000),
            "Points [time, rate], rising in time from zero.",
        ),
    ],
};

static SINUSOIDAL: TableSpec = TableSpec {
    name: "sinusoidal",
    doc: "A rate that is a sine.",
    example: "sinusoidal = { mean = \"5 /s\", amplitude = 0.8, period = \"24 h\", peak = \"15 h\" }",
    keys: &[
        required("mean", &Rate, "The mean rate."),
        required("amplitude", &Share, "Amplitude relative to the mean."),
        required("period", &PositiveDuration, "One cycle."),
        optional(
            "peak",
            &Duration,
            "When in the cycle the rate is highest; at its start by default.",
        ),
    ],
};

static MMPP: TableSpec = TableSpec {
    name: "mmpp",
    doc: "A Markov-modulated Poisson process.",
    example: "mmpp = { states = [{ rate = \"1 /s\", stay = \"10 min\" }, { rate = \"20 /s\", stay = \"1 min\" }] }",
    keys: &[required(
        "states",
        &List(&Table(&MMPP_STATE), 1000),
        "The states, at least two; the run starts in the first.",
    )],
};

static MMPP_STATE: TableSpec = TableSpec {
    name: "mmpp-state",
    doc: "A state of a Markov-modulated Poisson process.",
    example: "{ rate = \"1 /s\", stay = \"10 min\" }",
    keys: &[
        required("rate", &Rate, "Requests per time in this state."),
        required("stay", &PositiveDuration, "Mean of the exponential stay."),
    ],
};

static BURSTS: TableSpec = TableSpec {
    name: "bursts",
    doc: "A Poisson process of bursts.",
    example: "bursts = { rate = \"6 /h\", size = 50, within = \"2 s\" }",
    keys: &[
        required("rate", &Rate, "Bursts per time."),
        required("size", &Count(1, 1_000_000), "Requests in a burst."),
        required(
            "within",
            &Duration,
            "The span over which a burst's requests fall, uniformly.",
        ),
        optional(
            "background",
            &Rate,
            "Rate of the single requests between bursts; none by default.",
        ),
    ],
};

static SCHEDULE: TableSpec = TableSpec {
    name: "schedule",
    doc: "Known instants.",
    example: "schedule = { cron = \"*/5 * * * *\" }",
    keys: &[
        alternative(
            "cron",
            &Text,
            "A cron expression of five fields, or six with seconds in front.",
        ),
        alternative(
            "every",
            &PositiveDuration,
            "A fixed interval; the first request comes after one.",
        ),
        optional(
            "time-zone",
            &Text,
            "The IANA time zone of the cron expression; \"UTC\" by default.",
        ),
        optional(
            "start",
            &Date,
            "The day at whose midnight the run starts; 2026-01-05, a Monday, by default.",
        ),
    ],
};
