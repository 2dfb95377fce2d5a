//! The tables and keys of a scenario file.

mod arrivals;
mod laws;
mod provisioned;
mod run;
mod trace;

use super::Kind::{
    Bytes, Choice, Count, Duration, Flag, List, Memory, OrKey, OrWord, PositiveDuration, Quota,
    Share, Table, Text, True,
};
use super::{Kind, TableSpec, alternative, optional, required};
use arrivals::ARRIVALS;
use laws::{LAW, UNIFORM};
use provisioned::PROVISIONED;
use run::RUN;
use trace::TRACE;

/// Kinds that are used more than once need an address.
static LAW_KIND: Kind = Table(&LAW);
static KEEP_ALIVE_KIND: Kind = Table(&KEEP_ALIVE);
static REUSE_KIND: Kind = Choice(&["most-recent", "newest", "oldest", "random", "least-recent"]);
static FUNCTION_KIND: Kind = Table(&FUNCTION);
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
        alternative(
            "preset",
            &Text,
            "What was measured on a platform at a date, such as \"aws-lambda@2019-08\" or \"openwhisk\"; docs/keep-alive.md lists them. Where the maximum age is known too, it comes with it unless `max-age` is given.",
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
            &OrWord("none", &LAW_KIND),
            "How old an instance may become; it is not reused beyond, and ends when idle. \"none\", the default, unless a keep-alive preset knows it.",
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
        optional(
            "visible",
            &Choice(&["one-by-one", "together"]),
            "\"one-by-one\", the default: each takes requests when it has started; \"together\": none does before all have that were asked for together.",
        ),
        optional(
            "minimum",
            &Duration,
            "The time that each is paid for at the least; 5 min by default.",
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
            &OrKey("fixed", &PROVISIONED),
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
            &OrWord("none", &LAW_KIND),
            "How old an instance may become, or \"none\"; the platform's by default.",
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
