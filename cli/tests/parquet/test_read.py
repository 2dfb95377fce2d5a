"""DuckDB and polars read the files of `frostline simulate --out`, and their sums are the summary's.

`.ci/run parquet` installs both and runs this with FROSTLINE, the path of the program, and where it is
there FROSTLINE_DATA, the folder of real traces.
"""

import csv
import json
import os
import pathlib
import subprocess

import duckdb
import polars
import pytest

PROGRAM = os.environ["FROSTLINE"]
DATA = os.environ.get("FROSTLINE_DATA")
ROOT = pathlib.Path(__file__).resolve().parents[3]
EXAMPLES = sorted(ROOT.glob("examples/*.toml"))

# A count of the summary, and the column of the timeline that sums to it.
COUNTS = {
    "requests": "requests",
    "invocations": "Invocations",
    "cold_starts": "cold_starts",
    "spillovers": "ProvisionedConcurrencySpilloverInvocations",
    "throttles": "Throttles",
    "dropped": "dropped",
    "errors": "Errors",
    "timeouts": "timeouts",
}

# Short enough for a debug build.
SHORT = ["--set", 'run.duration="40 min"', "--set", 'run.warm-up="1 min"', "--replications", "2"]


def simulate(folder, *arguments):
    """Runs `frostline simulate` into a folder, and gives its summary."""
    command = [PROGRAM, "simulate", *map(str, arguments), "--out", str(folder), "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "summary.json").read_text())


def check_timeline(path, summary):
    """Every count of the summary is a sum over the timeline, in total and a function."""
    sums = ", ".join(f'sum("{column}")::BIGINT' for column in COUNTS.values())
    totals = duckdb.sql(f"SELECT {sums} FROM '{path}'").fetchall()[0]
    assert dict(zip(COUNTS, totals)) == {name: summary["totals"][name] for name in COUNTS}

    by_function = duckdb.sql(f"SELECT function, {sums} FROM '{path}' GROUP BY function").fetchall()
    found = {name: dict(zip(COUNTS, counts)) for name, *counts in by_function}
    for function in summary["functions"]:
        counts = {name: function[name] for name in COUNTS}
        assert found.get(function["name"], dict.fromkeys(COUNTS, 0)) == counts

    frame = polars.scan_parquet(path) if path.suffix == ".parquet" else polars.scan_csv(path)
    sums = frame.select(polars.col(list(COUNTS.values())).sum()).collect().row(0)
    assert dict(zip(COUNTS, sums)) == dict(zip(COUNTS, totals))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_sums_of_an_example_are_those_of_its_summary(example, tmp_path):
    summary = simulate(tmp_path, example, *SHORT)
    check_timeline(tmp_path / "timeline.parquet", summary)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A run with cold starts, spillovers, throttles and records."""
    folder = tmp_path_factory.mktemp("recorded")
    return folder, simulate(folder, ROOT / "examples/checkout.toml", *SHORT, "--records")


def test_every_request_is_a_row(recorded):
    folder, summary = recorded
    totals = summary["totals"]
    path = folder / "invocations.parquet"
    row = duckdb.sql(
        f"""SELECT count(*), count(duration_ns), count_if(cold), count_if(spillover),
                   count_if(outcome = 'throttled'), count_if(outcome = 'dropped')
            FROM '{path}'"""
    ).fetchall()[0]
    names = ["requests", "invocations", "cold_starts", "spillovers", "throttles", "dropped"]
    assert dict(zip(names, row)) == {name: totals[name] for name in names}

    frame = polars.read_parquet(path)
    assert frame.height == totals["requests"]
    served = frame.filter(polars.col("duration_ns").is_not_null())
    parts = served["queue_ns"] + served["init_ns"] + served["duration_ns"]
    assert (parts == served["latency_ns"]).all()
    phases = [name for name in frame.columns if name.startswith("init_") and name != "init_ns"]
    cold = frame.filter(polars.col("cold"))
    assert cold.height > 0
    assert (cold.select(polars.sum_horizontal(phases)).to_series() == cold["init_ns"]).all()


def test_minutes_are_made_of_the_invocations(recorded):
    folder, _ = recorded
    differences = duckdb.sql(
        f"""WITH minutes AS (
              SELECT function, replication, (arrival_ns + queue_ns) // 60_000_000_000 AS minute,
                     count(*) AS requests, max(latency_ns) / 1e6 AS latency,
                     quantile_cont(duration_ns, 0.9) / 1e6 AS p90,
                     sum(init_ns) FILTER (cold) / 1e6 AS init
              FROM '{folder}/invocations.parquet' GROUP BY ALL)
            SELECT count(*), max(abs(t.requests - m.requests)),
                   max(abs(t.latency_ms_max - m.latency)),
                   max(abs(t.init_ms_sum - coalesce(m.init, 0))),
                   max(abs(t.Duration_p90 / m.p90 - 1)) FILTER (t.Invocations <= 1024),
                   max(abs(t.Duration_p90 / m.p90 - 1))
            FROM minutes m LEFT JOIN '{folder}/timeline.parquet' t
              USING (function, replication, minute)"""
    ).fetchall()[0]
    rows, requests, latency, init, exact, all_quantiles = differences
    assert rows > 0 and requests == 0
    assert latency < 1e-6 and init < 1e-6
    assert exact < 1e-6 and all_quantiles < 0.01


def test_the_files_describe_themselves(recorded):
    folder, summary = recorded
    for name in ["timeline", "invocations"]:
        path = folder / f"{name}.parquet"
        pairs = duckdb.sql(f"SELECT key, value FROM parquet_kv_metadata('{path}')").fetchall()
        metadata = {bytes(key).decode(): bytes(value).decode() for key, value in pairs}
        assert metadata["frostline.schema"] == f"frostline/{name}/1"
        assert metadata["frostline.scenario"] == summary["manifest"]["scenario"]
        assert metadata["frostline.seed"] == str(summary["manifest"]["seed"])
        columns = [column["name"] for column in json.loads(metadata["frostline.columns"])]
        assert columns == polars.read_parquet_schema(path).names()
        bounds = duckdb.sql(
            f"""SELECT count(*) FROM parquet_metadata('{path}')
                WHERE path_in_schema = 'minute' AND stats_max_value IS NULL"""
        ).fetchall()[0]
        assert bounds == (0,)
    dictionary = duckdb.sql(
        f"""SELECT bool_and(encodings LIKE '%RLE_DICTIONARY%')
            FROM parquet_metadata('{folder}/timeline.parquet') WHERE path_in_schema = 'function'"""
    ).fetchall()[0]
    assert dictionary == (True,)


def test_csv_holds_the_same_cells(recorded, tmp_path):
    folder, summary = recorded
    again = simulate(
        tmp_path, ROOT / "examples/checkout.toml", *SHORT, "--records", "--tables", "csv"
    )
    assert again == summary
    check_timeline(tmp_path / "timeline.csv", summary)
    for name in ["timeline", "invocations"]:
        frame = polars.read_parquet(folder / f"{name}.parquet")
        with open(tmp_path / f"{name}.csv", newline="") as file:
            header, *rows = csv.reader(file)
        assert header == frame.columns
        assert len(rows) == frame.height
        for place in [0, len(rows) // 2, len(rows) - 1]:
            cells = zip(rows[place], frame.row(place), strict=True)
            for text, value in cells:
                if value is None:
                    assert text == ""
                elif isinstance(value, bool):
                    assert text == str(value).lower()
                else:
                    assert type(value)(text) == value


def test_files_do_not_depend_on_threads(recorded, tmp_path):
    folder, _ = recorded
    simulate(
        tmp_path, ROOT / "examples/checkout.toml", *SHORT, "--records", "--threads", "1"
    )
    for name in ["summary.json", "timeline.parquet", "invocations.parquet"]:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


@pytest.mark.skipif(DATA is None, reason="FROSTLINE_DATA is not set")
def test_sums_of_a_real_day_are_those_of_its_summary(tmp_path):
    trace = pathlib.Path(DATA) / "azure-functions-2019/500"
    summary = simulate(tmp_path, "--trace", f"azure-functions-2019={trace}")
    assert summary["totals"]["requests"] > 1_000_000
    check_timeline(tmp_path / "timeline.parquet", summary)
