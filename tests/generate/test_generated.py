"""All golden cases generated into one tree by `restate-proto generate`: imported and type-checked."""

from __future__ import annotations

import importlib
import inspect
import json
import re
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from restate_proto.cli.generate import generate
from restate_proto.model.config import Config
from restate_proto.model.error_types import DetailedError, received_error
from restate_proto.model.keys import AwakeableKey
from restate_proto.model.kinds import Encoding, HandlerKind, ServiceKind
from restate_proto.model.retry import InvocationRetryPolicy, OnJournalMismatch, OnMaxAttempts
from restate_proto.model.service import ServiceBase
from tests.generate.golden_cases import CASES, REPOSITORY, check_golden, parameter, tool

if TYPE_CHECKING:
    from collections.abc import Callable

TYPED = Path(__file__).parent / "typed"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an import root with the messages and the Restate code of all cases."""
    root = tmp_path_factory.mktemp("tree")
    for name, case in CASES.items():
        options = dict(pair.split("=") for pair in filter(None, parameter(case).split(",")))
        prefix = options.get("import_prefix", "")
        out = root / prefix.replace(".", "/") if prefix else tmp_path_factory.mktemp(name)
        generate(case, out, import_prefix=prefix, all_services="all_services" in options)
        check_golden(case, out)
        if not prefix:
            # `acme` is a part of the tree too, hence not straight into the root.
            for path in out.rglob("*.py*"):
                target = root / path.relative_to(out)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(path.read_bytes())
    shutil.copytree(TYPED, root / "typed")
    return root


@pytest.fixture
def load(tree: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Import a module of the tree."""
    monkeypatch.setattr(sys, "path", [str(tree), *sys.path])
    return importlib.import_module


def modules(tree: Path) -> list[str]:
    return [
        ".".join(path.relative_to(tree).with_suffix("").parts)
        for path in sorted(tree.rglob("*_restate.py"))
    ]


def test_every_generated_module_is_importable(tree: Path, load: Callable[[str], Any]) -> None:
    names = modules(tree)
    assert len(names) == sum(len(list(case.rglob("expected/**/*.py"))) for case in CASES.values())
    for name in names:
        module = load(name)
        exported = {name: getattr(module, name) for name in module.__all__}
        constants = [name for name in exported if name.isupper()]
        assert all(isinstance(exported.pop(name), AwakeableKey) for name in constants)
        bases = [cls for cls in exported.values() if issubclass(cls, ServiceBase)]
        errors = sum(issubclass(cls, DetailedError) for cls in exported.values())
        assert len(exported) == 7 * len(bases) + errors
        for base in bases:
            handlers = base.__restate_service__.handlers
            assert base.__abstractmethods__ == {handler.method for handler in handlers}
            for handler in handlers:
                assert handler.service == base.__restate_service__.name
                assert inspect.iscoroutinefunction(getattr(base, handler.method))


def test_an_object_says_what_its_contract_says(load: Callable[[str], Any]) -> None:
    module = load("golden.shop.v1.cart_restate")
    messages = load("golden.shop.v1.cart_pb2")
    service = module.CartBase.__restate_service__
    assert service.name == "golden.shop.v1.Cart"
    assert service.kind is ServiceKind.VIRTUAL_OBJECT
    assert service.encoding is Encoding.PROTOBUF
    assert service.documentation == "A customer's cart."
    assert service.config == Config(lazy_state=True)
    assert service.state[0] is module.CartBase.TICKETS
    assert [(key.name, key.type.__name__) for key in (*service.state, *service.signals)] == [
        ("tickets", "TicketList"),
        ("last-seen", "Empty"),
        ("paid", "Price"),
    ]
    add, show, expire = service.handlers
    assert (add.name, add.method, add.kind) == ("AddTicket", "add_ticket", HandlerKind.EXCLUSIVE)
    assert (show.name, show.method, show.kind) == ("Show", "show", HandlerKind.SHARED)
    assert expire.response.is_empty
    assert add.request.type is messages.AddTicketRequest
    assert add.response.type is messages.AddTicketResponse
    assert add.documentation == "Adds a ticket."
    assert show.documentation is None


def test_a_workflow_has_its_run_handler_whatever_its_name(load: Callable[[str], Any]) -> None:
    module = load("golden.signup.v1.signup_restate")
    signup, nightly = (
        {handler.name: handler for handler in base.__restate_service__.handlers}
        for base in (module.SignupBase, module.NightlyBase)
    )
    assert signup["Run"].kind is HandlerKind.WORKFLOW
    assert signup["Run"].key_field == "user_id"
    assert signup["Confirm"].kind is HandlerKind.SHARED
    assert nightly["Start"].kind is HandlerKind.WORKFLOW
    assert nightly["Start"].encoding is Encoding.JSON
    assert nightly["Start"].config == Config(workflow_retention=timedelta(seconds=60))
    assert nightly["Run"].kind is HandlerKind.SHARED
    assert nightly["Submit"].method == "submit_"


def test_the_configuration_arrives_whole(load: Callable[[str], Any]) -> None:
    service = load("golden.service.v1.greeter_restate").GreeterBase.__restate_service__
    assert service.config == Config(
        inactivity_timeout=timedelta(minutes=1),
        abort_timeout=timedelta(seconds=1.5),
        journal_retention=timedelta(days=1),
        idempotency_retention=timedelta(0),
        ingress_private=False,
        retry_policy=InvocationRetryPolicy(
            initial_interval=timedelta(milliseconds=50),
            factor=1.5,
            max_interval=timedelta(seconds=10),
            max_attempts=20,
            on_max_attempts=OnMaxAttempts.PAUSE,
        ),
        metadata={"team": "hello", 'a "quoted" key': "back\\slash"},
        on_journal_mismatch=OnJournalMismatch.PAUSE,
    )
    greet, goodbye = service.handlers
    assert greet.config == Config()
    assert (goodbye.service, goodbye.name, goodbye.method) == ("greeter", "goodbye", "say_goodbye")
    assert goodbye.config.retry_policy.on_max_attempts is OnMaxAttempts.KILL
    assert goodbye.config.on_journal_mismatch is OnJournalMismatch.FAIL
    assert (greet.explicit_cancellation, goodbye.explicit_cancellation) == (False, True)


def test_errors_are_classes_of_the_module(load: Callable[[str], Any]) -> None:
    stock = load("golden.errors.v1.stock_restate")
    orders = load("golden.errors.v1.orders_restate")
    messages = load("golden.errors.v1.errors_pb2")
    assert orders.SoldOutError is stock.SoldOutError
    lambda_ = load("golden.lambda.v1.import_restate")
    of = (lambda_.CommonError, lambda_.CommonError_)
    assert [each.__restate_error__.full_name for each in of] == [
        "golden.lambda.Common",
        "golden.plain.Common",
    ]

    error = stock.SoldOutError(messages.SoldOut(left=3), "sold out")
    assert (error.detail.left, error.message, error.code) == (3, "sold out", 409)
    assert list(error.metadata) == ["restatepb.detail/golden.errors.v1.SoldOut"]
    assert type(received_error("sold out", 409, error.metadata)) is stock.SoldOutError

    service = stock.StockBase.__restate_service__
    assert service.errors == (stock.SoldOutError,)
    take, count = service.handlers
    assert take.errors[:3] == (stock.BusyError, stock.BoxBrokenError, stock.LockedError)
    assert count.errors == ()


def test_a_go_contract_keeps_its_meaning(load: Callable[[str], Any]) -> None:
    module = load("golden.gosdk.shop_restate")
    kinds = {
        base.__restate_service__.name.rpartition(".")[2]: (
            base.__restate_service__.kind,
            [handler.kind for handler in base.__restate_service__.handlers],
        )
        for base in (getattr(module, name) for name in module.__all__ if name.endswith("Base"))
    }
    exclusive, shared, run = HandlerKind.EXCLUSIVE, HandlerKind.SHARED, HandlerKind.WORKFLOW
    assert kinds == {
        "Greeter": (ServiceKind.SERVICE, [None]),
        "Explicit": (ServiceKind.SERVICE, [None]),
        "Counter": (ServiceKind.VIRTUAL_OBJECT, [exclusive, exclusive, shared]),
        "Payment": (ServiceKind.WORKFLOW, [run, shared, shared]),
        "Renamed": (ServiceKind.WORKFLOW, [run]),
        "Ledger": (ServiceKind.VIRTUAL_OBJECT, [exclusive, shared, shared]),
    }
    for name in kinds:
        service = getattr(module, f"{name}Base").__restate_service__
        # Where our option stands beside Go's, ours says the encoding.
        encoding = Encoding.PROTOBUF if name == "Ledger" else Encoding.JSON
        assert service.encoding is encoding
        assert {handler.encoding for handler in service.handlers} == {encoding}


def test_messages_that_syntax_cannot_name_are_the_real_ones(load: Callable[[str], Any]) -> None:
    odd = load("golden.messages.messages_restate").OddBase.__restate_service__
    messages = load("golden.messages.messages_pb2")
    keyword = odd.handlers[0]
    assert keyword.request.type is getattr(messages, "None")
    assert keyword.response.type is getattr(getattr(messages, "class"), "lambda")
    assert keyword.key_field == "id"
    assert odd.state[0].type is keyword.request.type
    reach = load("golden.plain.reach_restate").ReachBase.__restate_service__
    assert reach.handlers[0].request.type is load("import.top_pb2").Thing
    inside = load("golden.lambda.v1.import_restate").LambdaBase.__restate_service__
    assert inside.handlers[0].response.type is load("golden.lambda.types_pb2").Common


def test_comments_arrive_as_they_were_written(load: Callable[[str], Any]) -> None:
    module = load("golden.comments.comments_restate")
    base = module.CommentsBase
    clients: list[Any] = [
        getattr(module, name) for name in module.__all__ if name.endswith("Client")
    ]
    assert len(clients) == 6
    assert inspect.getdoc(base.quote) == 'Ends with a quote"'
    assert inspect.getdoc(base.quotes) == 'Ends with many quotes""""'
    assert inspect.getdoc(base.backslash) == "Ends with a backslash\\"
    for handler in base.__restate_service__.handlers:
        written = handler.documentation
        for class_ in (base, *clients):
            # getdoc drops the space before the first line.
            found = inspect.getdoc(getattr(class_, handler.method))
            assert written is None or found == written.lstrip()
    assert inspect.getdoc(base) == base.__restate_service__.documentation
    assert '"""triple quotes""", a \\ and \\n that' in base.__restate_service__.documentation


@pytest.mark.skipif(tool("pyright") is None, reason="pyright is not installed here")
@pytest.mark.timeout(400)  # its first start fetches itself
def test_pyright_strict_accepts_and_rejects(tree: Path) -> None:
    config = {
        "include": ["."],
        "extraPaths": [str(tree), str(REPOSITORY), str(REPOSITORY / "generated")],
        # A message called `str`, as there is one, is more than protoc's stubs can take.
        "ignore": ["**/*_pb2.py", "golden/messages/messages_pb2.pyi"],
        "typeCheckingMode": "strict",
        "pythonVersion": "3.11",
    }
    (tree / "pyrightconfig.json").write_text(json.dumps(config))
    command = [str(tool("pyright")), "--outputjson", "--pythonpath", sys.executable]
    done = subprocess.run(
        [*command, "--project", str(tree)], capture_output=True, text=True, check=False
    )
    report = json.loads(done.stdout)
    assert report["summary"]["filesAnalyzed"] > len(modules(tree))
    found = {
        (Path(problem["file"]).name, problem["range"]["start"]["line"] + 1): problem.get("rule")
        for problem in report["generalDiagnostics"]
    }
    expected = {
        ("reject.py", number): match[1]
        for number, line in enumerate((TYPED / "reject.py").read_text().split("\n"), 1)
        if (match := re.search("# error: (\\w+)", line))
    }
    assert found == expected, report["generalDiagnostics"]


@pytest.mark.skipif(tool("mypy") is None, reason="mypy is not installed here")
def test_mypy_strict_accepts(tree: Path, tmp_path: Path) -> None:
    roots = ":".join(map(str, (tree, REPOSITORY, REPOSITORY / "generated")))
    (tmp_path / "mypy.ini").write_text(
        f"[mypy]\nmypy_path = {roots}\nexplicit_package_bases = True\n"
        f"cache_dir = {tmp_path / 'cache'}\n"
        # Its own checks are elsewhere.
        "[mypy-restate_proto.*]\nignore_errors = True\n"
    )
    sources = [
        *sorted(map(str, tree.rglob("*_pb2.pyi"))),
        *sorted(map(str, tree.rglob("*_restate.py"))),
    ]
    sources.append(str(tree / "typed/accept.py"))
    done = subprocess.run(
        [str(tool("mypy")), "--strict", "--config-file", str(tmp_path / "mypy.ini"), *sources],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
