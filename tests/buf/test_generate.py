"""`buf generate`: the code is the same, however a user names the plugin."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.buf.project import GIT
from tests.buf.shop import RESTATE_FILES, messages, restate, template

if TYPE_CHECKING:
    from tests.buf.project import Project

PROGRAM = """
    from cart.v1.cart_pb2 import AddRequest, Spent
    from cart.v1.cart_restate import CartBase, CartClient
    from cart.v1.tickets_pb2 import Tickets
    from google.protobuf.timestamp_pb2 import Timestamp
    from restate_proto import Endpoint, ObjectContext


    class Cart(CartBase):
        async def add(self, ctx: ObjectContext, request: AddRequest) -> None:
            spent = await ctx.get(self.SPENT) or Spent()
            spent.total.cents += request.price.cents
            ctx.set(self.SPENT, spent)
            ctx.set(self.TICKETS, Tickets(since=Timestamp(seconds=1)))
            await CartClient.from_context(ctx).add(request)


    endpoint = Endpoint(Cart())
    """


def test_only_files_with_services_give_code(code: dict[str, str]) -> None:
    assert list(code) == RESTATE_FILES


def test_a_call_for_each_directory_makes_the_same(project: Project, code: dict[str, str]) -> None:
    by_directory = template(restate("out", strategy="directory"))
    project.run("buf", "generate", "--template", by_directory)
    assert project.files("out") == code


def test_only_one_call_sees_two_services_of_one_name_in_two_directories(project: Project) -> None:
    path = project.directory / "proto/till/v1/till.proto"
    path.write_text(path.read_text().replace("service) = {}", 'service) = {name: "cart.v1.Cart"}'))
    project.run("buf", "generate", "--template", template(restate("out", strategy="directory")))
    said = project.fails("buf", "generate", "--template", template(restate("out")))
    assert 'services cart.v1.Cart and till.v1.Till are both named "cart.v1.Cart"' in said
    assert "till/v1/till.proto:" in said


@pytest.mark.parametrize(
    "part",
    [
        ["--path", "proto/cart"],
        ["--path", "proto/cart/v1/cart.proto"],
        ["--exclude-path", "proto/till"],
        ["proto/cart/v1/cart.proto"],
        ["proto/cart/v1/tickets.proto#include_package_files=true"],
    ],
)
def test_a_part_of_the_workspace_has_the_same_code(
    project: Project, code: dict[str, str], part: list[str]
) -> None:
    project.run("buf", "generate", *part, "--template", template(restate("out")))
    assert project.files("out") == {RESTATE_FILES[0]: code[RESTATE_FILES[0]]}


def test_a_part_can_be_asked_for_in_the_template(project: Project, code: dict[str, str]) -> None:
    inputs = [
        {"directory": "proto", "paths": ["proto/cart"]},
        {"directory": ".", "exclude_paths": ["proto/cart"]},
    ]
    project.run("buf", "generate", "--template", template(restate("out"), inputs=inputs))
    assert project.files("out") == code


def test_problems_outside_of_the_part_are_not_reported(project: Project) -> None:
    path = project.directory / "proto/till/v1/till.proto"
    path.write_text(path.read_text().replace("Pay(PayRequest)", "Pay(stream PayRequest)"))
    project.run("buf", "generate", "--path", "proto/cart", "--template", template(restate("out")))
    project.fails("buf", "generate", "--path", "proto/till", "--template", template(restate("out")))


@pytest.mark.parametrize(
    "kind",
    [
        "archive",
        "image",
        "json",
        pytest.param("git", marks=pytest.mark.skipif(not GIT, reason="no git")),
    ],
)
def test_other_inputs_have_the_same_code(project: Project, code: dict[str, str], kind: str) -> None:
    if kind == "archive":
        source = "all.tar.gz"
        project.run("tar", "-czf", source, "buf.yaml", "proto", "common", "third_party")
    elif kind == "git":
        source = ".git#branch=main"
        project.commit()
        project.run("rm", "-r", "proto")
    else:
        source = "image.binpb" if kind == "image" else "image.json"
        project.run("buf", "build", "-o", source)
    project.run("buf", "generate", source, "--template", template(restate("out")))
    assert project.files("out") == code


def test_an_image_without_source_information_lacks_comments_and_lines(
    project: Project, code: dict[str, str]
) -> None:
    build = ["buf", "build", "--exclude-source-info", "-o", "image.binpb"]
    generate = ["buf", "generate", "image.binpb", "--template", template(restate("out"))]
    project.run(*build)
    project.run(*generate)
    made = project.files("out")
    assert list(made) == list(code)
    assert "Keeps tickets." in code[RESTATE_FILES[0]]
    assert "Keeps tickets." not in made[RESTATE_FILES[0]]

    path = project.directory / "proto/cart/v1/cart.proto"
    path.write_text(path.read_text().replace("Add(AddRequest)", "Add(stream AddRequest)"))
    project.run(*build)
    assert "cart/v1/cart.proto: Add of object cart.v1.Cart streams" in project.fails(*generate)


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_managed_mode_changes_nothing(project: Project, code: dict[str, str], version: str) -> None:
    managed: dict[str, object] = {"enabled": True}
    plugins = [restate("out")]
    if version == "v1":
        managed["go_package_prefix"] = {"default": "acme.com/gen"}
        plugins = [{"plugin": "python-restate", "out": "out", "strategy": "all"}]
    else:
        managed["override"] = [
            {"file_option": "java_package_prefix", "value": "com.acme"},
            {"file_option": "go_package_prefix", "value": "acme.com/gen"},
            {"file_option": "optimize_for", "value": "LITE_RUNTIME"},
        ]
    config = json.dumps({"version": version, "managed": managed, "plugins": plugins})
    project.run("buf", "generate", "--template", config)
    assert project.files("out") == code

    path = project.directory / "proto/cart/v1/cart.proto"
    lines = path.read_text().replace("Add(AddRequest)", "Add(stream AddRequest)").splitlines()
    path.write_text("\n".join(lines))
    (number,) = (number for number, line in enumerate(lines, 1) if "(stream" in line)
    said = project.fails("buf", "generate", "--template", config)
    assert f"cart/v1/cart.proto:{number}:3: Add of object" in said


def test_a_workspace_of_version_1_has_the_same_code(project: Project, code: dict[str, str]) -> None:
    (project.directory / "buf.yaml").unlink()
    project.write(
        {
            "buf.work.yaml": "version: v1\ndirectories: [proto, common, third_party]\n",
            "proto/buf.yaml": "version: v1\n",
        }
    )
    project.run("buf", "generate", "--template", template(restate("out")))
    assert project.files("out") == code


def test_options_of_the_plugin_are_a_list_or_a_string(project: Project) -> None:
    for out, opt in (
        ("list", ["import_prefix=acme.gen", "all_services=true"]),
        ("string", "import_prefix=acme.gen,all_services=true"),
    ):
        project.run("buf", "generate", "--template", template(restate(out, opt=opt)))
    made = project.files("list")
    assert made == project.files("string")
    assert "from acme.gen.cart.v1 import cart_pb2" in made[RESTATE_FILES[0]]


def test_the_plugin_runs_as_a_module(project: Project, code: dict[str, str]) -> None:
    local = ["python", "-m", "restate_proto.generate"]
    project.run("buf", "generate", "--template", template(restate("out", local=local)))
    assert project.files("out") == code


def test_clean_removes_what_is_not_generated_any_more(
    project: Project, code: dict[str, str]
) -> None:
    project.write({"out/cart/v1/old_restate.py": "", "out/__init__.py": ""})
    project.run("buf", "generate", "--template", template(restate("out"), clean=True))
    assert project.files("out") == code


def test_types_drop_what_only_strings_name(project: Project) -> None:
    asked = template(restate("out", types=["cart.v1.Cart"]))
    assert 'state "tickets" has the unknown type "cart.v1.Tickets"' in project.fails(
        "buf", "generate", "--template", asked
    )
    # The package has the type, and buf drops the import that it finds unused.
    asked = template(restate("out", types=["cart.v1"]))
    assert "whose file this one does not import" in project.fails(
        "buf", "generate", "--template", asked
    )


def test_imports_and_well_known_types_give_no_code_of_the_plugin(
    project: Project, code: dict[str, str]
) -> None:
    asked = template(restate("out", include_imports=True, include_wkt=True))
    project.run("buf", "generate", "proto", "--template", asked)
    assert project.files("out") == code
    # The same files from two inputs are written once.
    inputs = [{"directory": "proto"}, {"directory": "common"}]
    asked = template(restate("twice", include_imports=True), inputs=inputs)
    project.run("buf", "generate", "--template", asked)
    assert project.files("twice") == code


def test_messages_without_the_options_need_no_restatepb(project: Project) -> None:
    more = {"include_imports": True, "exclude_types": ["restatepb.v1"]}
    asked = template(*messages("gen", **more), restate("gen"))
    done = project.call("buf", "generate", "--template", asked)
    assert done.returncode == 0
    assert not done.stderr  # no import is unused: what only the options named is out as well
    made = project.files("gen")
    assert sorted(made) == sorted(
        [
            *RESTATE_FILES,
            *(
                f"{name}_pb2.{ending}"
                for name in ("cart/v1/cart", "cart/v1/tickets", "money/v1/money", "till/v1/till")
                for ending in ("py", "pyi")
            ),
        ]
    )
    assert not any("restatepb" in text for name, text in made.items() if "_pb2" in name)
    project.write({"main.py": PROGRAM})
    project.run("python", "main.py", PYTHONPATH="gen")


def test_generated_imports_do_not_hide_the_installed_ones(project: Project) -> None:
    more = {"include_imports": True, "include_wkt": True}
    asked = template(*messages("gen", **more), restate("gen", **more))
    project.run("buf", "generate", "--template", asked)
    assert {"restatepb/v1/options_pb2.py", "google/protobuf/empty_pb2.py"} <= set(
        project.files("gen")
    )
    project.write(
        {
            "main.py": PROGRAM,
            "where.py": """
                import main
                from google.protobuf import empty_pb2
                from restatepb.v1 import options_pb2

                print(options_pb2.__file__, empty_pb2.__file__)
                """,
        }
    )
    options, empty = project.run("python", "where.py", PYTHONPATH="gen").split()
    assert options.startswith(str(project.directory))
    assert not empty.startswith(str(project.directory))

    # Where the docs say that it ends.
    project.write({"gen/restatepb/__init__.py": ""})
    assert "restatepb.protocol" in project.call("python", "main.py", PYTHONPATH="gen").stderr


def test_type_checkers_find_generated_code_right(project: Project) -> None:
    # With a `restatepb` beside the installed one.
    asked = template(*messages("gen", include_imports=True), restate("gen"))
    project.run("buf", "generate", "--template", asked)
    config = {
        "typeCheckingMode": "strict",
        "extraPaths": ["gen"],
        "include": ["main.py", "gen"],
        "ignore": ["**/*_pb2.pyi", "**/*_pb2.py"],
    }
    project.write({"main.py": PROGRAM, "pyrightconfig.json": json.dumps(config)})
    project.run("pyright", "--pythonpath", project.run("which", "python").strip())
