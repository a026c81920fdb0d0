"""The manifests in docs/hosts.md are valid for their hosts."""

from __future__ import annotations

import configparser
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from restate_proto.endpoint.identity import RequestIdentity
from tests.examples.markdown_code import blocks

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "hosts.md"
SCHEMA = json.loads(Path(__file__).with_name("restate_deployment.json").read_text("utf-8"))
OPERATOR: Any = Draft202012Validator(SCHEMA)


def shown(language: str) -> list[str]:
    return [block.text for block in blocks(PAGE) if block.language == language]


def manifests(kind: str) -> list[dict[str, Any]]:
    return [each for each in map(yaml.safe_load, shown("yaml")) if each["kind"] == kind]


def problems(manifest: dict[str, Any]) -> list[str]:
    return [error.message for error in OPERATOR.iter_errors(manifest)]


def containers(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    return manifest["spec"]["template"]["spec"]["containers"]


def test_every_manifest_is_of_a_kind_that_is_looked_at() -> None:
    kinds = [yaml.safe_load(text)["kind"] for text in shown("yaml")]
    assert kinds == ["RestateDeployment", "RestateDeployment", "Service"]


@pytest.mark.parametrize("manifest", manifests("RestateDeployment"))
def test_the_operator_takes_it(manifest: dict[str, Any]) -> None:
    assert problems(manifest) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("spec", "restate", "registers"), {}),
        (("spec", "restate", "register"), {}),
        (("spec", "restate", "register", "url"), "http://restate:9070"),  # beside `cluster`
        (("spec", "replicas"), "2"),
        (("spec", "deploymentMode"), "lambda"),
        (("spec", "selector", "matchLabels", "app"), 1),
    ],
    ids=str,
)
def test_what_is_wrong_is_found(path: tuple[str, ...], value: object) -> None:
    manifest = manifests("RestateDeployment")[0]
    *folders, name = path
    place = manifest
    for folder in folders:
        place = place[folder]
    place[name] = value
    assert problems(manifest)


def test_the_pods_are_those_that_are_selected() -> None:
    (manifest, _) = manifests("RestateDeployment")
    spec = manifest["spec"]
    assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()


def test_probes_ask_for_health_at_the_port_of_the_endpoint() -> None:
    (container,) = containers(manifests("RestateDeployment")[0])
    (port,) = container["ports"]
    assert port == {"name": "restate", "containerPort": 9080}
    for probe in ("readinessProbe", "livenessProbe"):
        assert container[probe] == {"httpGet": {"path": "/health", "port": port["name"]}}


def test_knative_speaks_http2() -> None:
    """Knative recognises the port names `h2c` and `http1`."""
    for manifest in (manifests("RestateDeployment")[1], *manifests("Service")):
        (container,) = containers(manifest)
        assert [port["name"] for port in container["ports"]] == ["h2c"]
        assert "livenessProbe" not in container


def test_keys_are_keys() -> None:
    keys = re.findall(r"publickeyv1_\w+", PAGE.read_text("utf-8"))
    assert keys
    RequestIdentity(keys)


def served(arguments: list[str]) -> None:
    """Check that a command that serves uses only options that exist."""
    program, command, target, *options = arguments
    assert (Path(program).name, command, target) == ("restate-proto", "serve", "shop.main:endpoint")
    python = (sys.executable, "-m", "restate_proto", "serve", "--help")
    help_ = subprocess.run(python, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert options
    for option in options:
        assert not option.startswith("-") or option in help_


def test_the_image() -> None:
    (text,) = shown("dockerfile")
    lines = [line.partition(" ") for line in text.splitlines()]
    words = [word for word, _, _ in lines]
    assert words[0] == "FROM"
    assert set(words) <= {"FROM", "WORKDIR", "COPY", "RUN", "USER", "EXPOSE", "HEALTHCHECK", "CMD"}
    last = {word: rest for word, _, rest in lines}
    assert last["USER"] != "root"
    served(json.loads(last["CMD"]))
    python, c, code = json.loads(last["HEALTHCHECK"].removeprefix("CMD "))
    assert (python, c) == ("python", "-c")
    compile(code, "HEALTHCHECK", "exec")
    assert f":{last['EXPOSE']}/health" in code


def test_the_unit(tmp_path: Path) -> None:
    (text,) = shown("ini")
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # pyright: ignore[reportAttributeAccessIssue]
    unit.read_string(text)
    assert unit.sections() == ["Unit", "Service", "Install"]
    served(shlex.split(unit["Service"]["ExecStart"]))
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed here")
    file = tmp_path / "shop.service"
    # The program and its user are those of another machine.
    file.write_text(
        text.replace("/srv/shop/.venv/bin/restate-proto", "/bin/sh").replace("User=shop\n", "")
    )
    done = subprocess.run([analyze, "verify", file], capture_output=True, text=True, check=False)
    about = [line for line in done.stderr.splitlines() if "shop.service" in line]
    assert about == []
