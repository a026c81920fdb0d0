"""The TypeScript of all contracts compiles beside protoc-gen-es's, passes ESLint, and works."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.generate.drawn_keys import drawn_keys, read, written
from tests.generate.golden_cases import CASES, REPOSITORY, protos
from tests.generate.hostile_texts import hostile_texts
from tests.generate.languages import TYPESCRIPT
from tests.generate.verdicts import RULES, of_accounts, of_paths
from tests.protoc import compile_files
from tests.typescript_toolchain import compile_project, lint_project, write_code

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FOLDER = REPOSITORY / "tests/generate/typescript"
CASES_MORE = (
    "comments",
    "go",
    "hostile",
    "messages",
    "nopackage",
    "packages",
    "prefix",
    "syntax",
)

# What contracts deprecate is deprecated in TypeScript, and the code of a contract has to name it.
DEPRECATED = {
    ("deprecated/golden/deprecated/parts", "Left"),
    ("deprecated/golden/deprecated/parts", "Old"),
    ("deprecated/golden/deprecated/parts", "Run"),
    ("deprecated/golden/deprecated/whole", "MSchema"),
    ("deprecated/golden/deprecated/whole", "Whole"),
    ("hostile/golden/hostile/texts", "Broken"),
    ("service/golden/service/v1/greeter", "goodbye"),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile all cases, each in a folder of its own below `source`."""
    folder = tmp_path_factory.mktemp("typescript")
    more = {name: CASES[name] for name in CASES_MORE}
    for case, contracts in {**TYPESCRIPT.cases, **more, "rules": RULES}.items():
        files = {path: (contracts / path).read_text() for path in protos(contracts)}
        request = compile_files(folder / "protoc" / case, files, TYPESCRIPT.parameter(files), None)
        write_code(request, folder / "source" / case)
    compile_project(folder)
    return folder


@pytest.fixture(scope="module")
def ask(project: Path) -> Callable[..., list[Any]]:
    """Return a function that asks the checks in `checks.mjs`."""
    (project / "out/checks.mjs").write_text((FOLDER / "checks.mjs").read_text())

    def asking(*questions: Any) -> list[Any]:
        answered = subprocess.run(
            ["node", project / "out/checks.mjs"],
            input=json.dumps(questions),
            capture_output=True,
            text=True,
            check=False,
        )
        assert not answered.stderr
        return json.loads(answered.stdout)

    return asking


def test_the_code_passes_the_strictest_rules_of_typescript_eslint(project: Path) -> None:
    findings = lint_project(project, FOLDER / "eslint.config.mjs")
    deprecated = {
        (path.removesuffix("_restate.ts"), message.split("`")[1])
        for path, rule, message in findings
        if rule == "@typescript-eslint/no-deprecated"
    }
    assert deprecated == DEPRECATED
    assert [each for each in findings if each[1] != "@typescript-eslint/no-deprecated"] == []


def test_keys_are_those_of_python(ask: Callable[..., list[Any]]) -> None:
    """Some strings contain the text that ends them, and some texts are not quite keys."""
    keys, texts = drawn_keys()
    questions = [
        ["format", {"class": text, "kind": kind, "appId": str(number)}]
        for text, kind, number in keys
    ]
    for text, answer in zip(map(written, keys), ask(*questions), strict=True):
        assert answer == text if text is not None else "found too early" in answer["error"]
    for text, answer in zip(texts, ask(*(["parse", text] for text in texts)), strict=True):
        key = read(text)
        if key is None:
            form = "{class}/{{kind}}/{appId}"
            assert answer == {"error": f'"{text}" does not have the form "{form}"'}
        else:
            assert (answer["class"], int(answer["appId"])) == (key[0], key[2])


def test_the_only_key(ask: Callable[..., list[Any]]) -> None:
    assert ask(["fixed", "main"], ["fixed", "other"]) == [
        "the key",
        {"error": '"other" is not "main", the only key of this object'},
    ]


def test_an_error_travels_with_its_detail(ask: Callable[..., list[Any]]) -> None:
    [answer] = ask(["errors"])
    assert answer == {
        "code": 409,
        "metadata": {"restatepb.detail/golden.errors.v1.SoldOut": "CAc="},
        "read": [["SoldOutError", "none left", 409, 7]] * 3,
        "others": 0,
    }


def test_messages_are_read_in_either_encoding(ask: Callable[..., list[Any]]) -> None:
    [answer] = ask(["serdes"])
    tickets = "golden.shop.v1.TicketList"
    assert answer == {
        "contentTypes": ["application/protobuf", "application/json"],
        "binary": "",
        "json": "{}",
        "either": [[tickets] * 3] * 2,
        "any": f"type.googleapis.com/{tickets}",
        "response": tickets,
        "nothing": True,
        "state": "last-seen",
    }


def test_json_keeps_the_sign_of_zero_where_the_runtime_can(ask: Callable[..., list[Any]]) -> None:
    [answer] = ask(["negativeZeros"])
    zero = "-0.0" if answer.pop("isKept") else "0"
    assert answer == {"number": zero, "value": f"[0,{zero}]", "text": '"a"', "read": True}


def test_handlers_answer_as_they_are_asked(ask: Callable[..., list[Any]]) -> None:
    assert ask(["answers"]) == [["{}", "", "", "{}"]]


def test_requests_are_judged_as_in_python(ask: Callable[..., list[Any]], tmp_path: Path) -> None:
    """But for the order: the library tells the rules of a message after those of its fields."""
    verdicts = [
        *(("validated.v1.Signup/Register", each) for each in of_accounts()),
        *(("rules.v1.Rules/Take", each) for each in of_paths(tmp_path)),
    ]
    answers = ask(*(["verdict", name, each.message, each.request] for name, each in verdicts))
    for (name, verdict), answer in zip(verdicts, answers, strict=True):
        is_valid = verdict.answer == "valid"
        begins = "" if is_valid else f"400 {name}: invalid request: "
        assert answer["answer"].startswith(begins)
        assert _parts(answer["answer"], begins) == _parts(verdict.answer, begins)
        assert sorted(answer["rules"]) == sorted(verdict.rules)
        assert answer["called"] == ([name.partition("/")[2]] if is_valid else [])
        assert is_valid or answer["terminal"]


def _parts(text: str, begins: str) -> list[str]:
    return sorted(text.removeprefix(begins).split("; "))


def test_a_rule_that_is_wrong_is_retried(ask: Callable[..., list[Any]]) -> None:
    [[divided, failed, *fine]] = ask(["wrongRules"])
    for handler, (is_terminal, message) in (("Divide", divided), ("Fail", failed)):
        assert not is_terminal
        said = f"rules.v1.Rules/{handler}: a rule of buf.validate has to be corrected: "
        assert message.startswith(said)
    assert fine == [None, None]


def test_a_rule_of_the_contract_itself(ask: Callable[..., list[Any]]) -> None:
    refused = "validated.v1.Wiki/Write: invalid request: title: must be a slug"
    assert ask(["ownRule"]) == [[None, refused]]


def test_what_is_no_key_is_refused_before_the_handler(ask: Callable[..., list[Any]]) -> None:
    message = (
        'golden.keys.Queue/Push: bad key: "bad" does not have the form "{class}/{{kind}}/{appId}"'
    )
    assert ask(["keys"]) == [[True, 400, message]]


def test_texts_are_those_of_the_contract(ask: Callable[..., list[Any]], tmp_path: Path) -> None:
    assert ask(["texts"]) == [hostile_texts(tmp_path)]
