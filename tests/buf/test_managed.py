"""Managed mode gives files their packages in Java, Kotlin and Go: our code and the messages agree."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import pytest

from tests.buf.shop import restate, template
from tests.go_toolchain import MODULE, go, has_go, write_module
from tests.jvm_toolchain import PROTOC, javac, kotlinc

if TYPE_CHECKING:
    from tests.buf.project import Project

CONTRACTS = {
    "proto/bank/v1/bank.proto": """
        syntax = "proto3";

        package bank.v1;

        import "bank/v1/account.proto";
        import "google/protobuf/empty.proto";
        import "money/v1/money.proto";
        import "restatepb/v1/options.proto";

        service Bank {
          option (restatepb.v1.object) = {
            key: {
              type: "bank.v1.Account"
              format: "{country}-{number}"
            }
            state: {
              name: "balance"
              type: "money.v1.Money"
            }
            signal: {
              name: "audited"
              type: "bank.v1.Account.Audit"
            }
            error: {
              type: "money.v1.Short"
              code: 409
            }
          };

          rpc Pay(money.v1.Money) returns (bank.v1.Account.Audit);

          rpc Show(google.protobuf.Empty) returns (money.v1.Money);

          rpc Ask(AskRequest) returns (google.protobuf.Empty);
        }

        message AskRequest {
          string answer = 1 [(restatepb.v1.awakeable).type = "money.v1.Money"];
        }
        """,
    "proto/bank/v1/account.proto": """
        syntax = "proto3";

        package bank.v1;

        message Account {
          string country = 1;
          int64 number = 2;

          message Audit {}
        }
        """,
    "common/money/v1/money.proto": """
        syntax = "proto3";

        package money.v1;

        message Money {
          int64 cents = 1;
        }

        message Short {
          Money missing = 1;
        }
        """,
}

MANAGED = {
    "enabled": True,
    "override": [
        {"file_option": "java_package_prefix", "value": "org.acme"},
        {"file_option": "java_package_suffix", "value": "pb", "path": "till/v1"},
        {"file_option": "java_package", "value": "net.other.money", "path": "money/v1"},
        {"file_option": "java_multiple_files", "value": False, "path": "bank/v1/account.proto"},
        {
            "file_option": "java_outer_classname",
            "value": "Accounts",
            "path": "bank/v1/account.proto",
        },
        {"file_option": "go_package_prefix", "value": "example.com/gen"},
        {
            "file_option": "go_package",
            "value": "example.com/other/money;cash",
            "path": "money/v1",
        },
    ],
}

LIBRARIES = ("com.google.", "dev.restate.", "java.", "kotlin.", "kotlinx.", "org.jspecify.")


@pytest.fixture
def bank(project: Project) -> Project:
    project.write(CONTRACTS)
    return project


def generate(project: Project, language: str, **more: Any) -> dict[str, str]:
    """Return the code that buf generates in managed mode, by its paths below `generated`."""
    local = f"protoc-gen-{language}-restate"
    plugin = restate("generated", local=local, strategy="directory", **more)
    project.run("buf", "generate", "--template", template(plugin, managed=MANAGED))
    return project.files("generated")


def generate_messages(project: Project, **plugin: Any) -> None:
    """Generate messages beside the code, by another plugin."""
    asked = {"out": "generated", "exclude_types": ["restatepb.v1"], **plugin}
    with_go = {"HOME": str(Path.home())}  # which has Go's modules
    project.run("buf", "generate", "--template", template(asked, managed=MANAGED), **with_go)


@pytest.mark.parametrize(("language", "end"), [("java", ";"), ("kotlin", "")])
def test_java_and_kotlin_have_the_packages_of_the_messages(
    bank: Project, language: str, end: str
) -> None:
    made = generate(bank, language)
    imported: dict[str, set[str]] = {}
    for path, text in made.items():
        (package,) = re.findall(rf"^package ([\w.]+){end}$", text, re.MULTILINE)
        assert PurePath(path).parent.as_posix() == package.replace(".", "/")
        names = re.findall(rf"^import (?!static )(\S+){end}$", text, re.MULTILINE)
        imported.setdefault(package, set()).update(names)
    ours = {
        package: {name for name in names if not name.startswith(LIBRARIES)}
        for package, names in imported.items()
    }
    assert ours == {
        "org.acme.bank.v1": {"net.other.money.Money", "net.other.money.Short"},
        "org.acme.cart.v1": set(),
        "org.acme.till.v1.pb": set(),
    }
    assert "Accounts.Account.Audit" in "".join(made.values())


@pytest.mark.skipif(os.environ.get("COMPILE_JAVA") != "1", reason="COMPILE_JAVA=1 runs javac")
def test_java_compiles_beside_the_messages(bank: Project) -> None:
    generate(bank, "java")
    generate_messages(bank, protoc_builtin="java", protoc_path=str(PROTOC))
    classes = bank.directory / "classes"
    classes.mkdir()
    javac(bank.directory / "generated", classes)


@pytest.mark.skipif(os.environ.get("COMPILE_KOTLIN") != "1", reason="COMPILE_KOTLIN=1 runs kotlinc")
def test_kotlin_compiles_beside_the_messages(bank: Project) -> None:
    generate(bank, "kotlin")
    generate_messages(bank, protoc_builtin="java", protoc_path=str(PROTOC))
    kotlinc(bank.directory)


@pytest.mark.skipif(not has_go(), reason="there is no Go 1.25")
def test_go_has_the_packages_of_the_messages(bank: Project) -> None:
    options = [f"module={MODULE}"]
    made = generate(bank, "go", opt=options)
    packages = {PurePath(path).parent.as_posix() for path in made}
    assert packages == {"gen/bank/v1", "gen/cart/v1", "gen/till/v1"}
    assert 'cash "example.com/other/money"' in made["gen/bank/v1/bank_restate.pb.go"]

    write_module(bank.directory / "generated")
    generate_messages(bank, local=["go", "tool", "-C", "generated", "protoc-gen-go"], opt=options)
    go(bank.directory / "generated", "vet", "./...")


def test_typescript_and_python_are_the_same_without_it(bank: Project) -> None:
    for language in ("python", "typescript"):
        made = generate(bank, language)
        plugin = restate(f"plain/{language}", local=f"protoc-gen-{language}-restate")
        bank.run("buf", "generate", "--template", template(plugin))
        assert made == bank.files(f"plain/{language}")
        bank.run("rm", "-r", "generated")
