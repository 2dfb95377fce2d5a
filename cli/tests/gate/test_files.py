"""What `gate run --out` writes, before those who read it, and the CI snippets in `examples/ci`."""

import json
import os
import pathlib
import subprocess

import jsonschema
import junitparser
import pytest
import yaml

ROOT = pathlib.Path(__file__).parents[3]

# github-action-benchmark's README: "Benchmark result with custom tool", read 2026-11.
ACTION_BENCHMARK = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "required": ["name", "unit", "value"],
        "additionalProperties": False,
        "properties": {
            "name": {"type": "string", "minLength": 1},
            "unit": {"type": "string", "minLength": 1},
            "value": {"type": "number"},
            "range": {"type": "string"},
            "extra": {"type": "string"},
        },
    },
}

# Bencher's documentation: "Bencher Metric Format (BMF)", read 2026-11.
BENCHER = {
    "type": "object",
    "minProperties": 1,
    "additionalProperties": {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {
            "type": "object",
            "required": ["value"],
            "additionalProperties": False,
            "properties": {key: {"type": "number"} for key in ("value", "lower_value", "upper_value")},
        },
    },
}


def work(turns):
    return f"sh -c 'i=0; while [ $i -lt {turns} ]; do i=$((i+1)); done'"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A gate that found the change slower, and one that had too few pairs."""
    folders = {}
    for name, change, more, code in [
        ("slower", work(12_000), [], 3),
        ("unclear", work(3_000), ["--max-pairs", "2"], 4),
    ]:
        folder = tmp_path_factory.mktemp(name)
        command = ["frostline", "gate", "run", "--quiet", "--out", str(folder)]
        done = subprocess.run([*command, "--base", work(3_000), "--change", change, *more])
        assert done.returncode == code
        folders[name] = folder
    return folders


def test_junit(written):
    for name, counts in [("slower", (1, 1, 0)), ("unclear", (1, 0, 1))]:
        suites = junitparser.JUnitXml.fromfile(str(written[name] / "junit.xml"))
        suite, = suites
        case, = suite
        assert (suite.tests, suite.failures, suite.errors) == counts
        assert case.classname == "frostline.gate" and case.name.endswith("cpu")
        result, = case.result
        kind = junitparser.Failure if name == "slower" else junitparser.Error
        assert isinstance(result, kind) and name in result.message


def test_trackers(written):
    for folder in written.values():
        entries = json.loads((folder / "github-action-benchmark.json").read_text())
        jsonschema.validate(entries, ACTION_BENCHMARK)
        jsonschema.validate(json.loads((folder / "bencher.json").read_text()), BENCHER)


def test_markdown(written):
    lines = (written["slower"] / "gate.md").read_text().splitlines()
    assert lines[0].startswith("### ❌ Cold start: slower: cpu +")
    table = [line for line in lines if line.startswith("|")]
    assert len(table) >= 4 and {line.count("|") for line in table} == {7}


@pytest.mark.parametrize("change, allow, code, verdict", [
    (work(12_000), "false", 3, "slower"),
    (work(3_000), "true", 0, "unclear"),
    (work(3_000), "false", 4, "unclear"),
    ("no-such-program; echo hacked", "false", 2, ""),
])
def test_action(tmp_path, change, allow, code, verdict):
    """The steps as a runner runs them: bash, inputs as variables, files for summary and outputs."""
    action = yaml.safe_load((ROOT / "examples/ci/github/action.yml").read_text())
    assert action["runs"]["using"] == "composite"
    assert all(step["shell"] == "bash" for step in action["runs"]["steps"])
    gate = action["runs"]["steps"][-1]
    assert set(gate["env"].values()) == {f"${{{{ inputs.{name} }}}}" for name in action["inputs"]}
    arguments = '--max-pairs 2' if verdict == "unclear" else '--max-time "5 min"'
    environment = os.environ | {
        "BASE": work(3_000), "CHANGE": change, "ARGUMENTS": arguments, "OUT": "out",
        "ALLOW_UNCLEAR": allow, "GITHUB_STEP_SUMMARY": "summary", "GITHUB_OUTPUT": "output",
    }
    script = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", gate["run"]]
    done = subprocess.run(script, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    assert (tmp_path / "output").read_text() == f"verdict={verdict}\n"
    assert (tmp_path / "summary").exists() == bool(verdict)
    assert "hacked" not in done.stdout


def test_gitlab():
    job = yaml.safe_load((ROOT / "examples/ci/gitlab.yml").read_text())["frostline-gate"]
    assert job["allow_failure"] == {"exit_codes": 4}
    assert job["artifacts"]["reports"]["junit"] == "frostline-gate/junit.xml"
    assert "--out frostline-gate" in job["script"][0]
