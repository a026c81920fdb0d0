"""What pages say about a contract."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from restate_proto.cli.contracts import load_contract
from restate_proto.reference.document import INDEX, Heading, Page, Snippet, Table
from restate_proto.reference.words import duration
from tests.folders import write_files
from tests.reference.calls import example_contract, pages_of, shown_calls
from tests.reference.reading import SERVICE, Written, links, paragraphs, table, words

if TYPE_CHECKING:
    from pathlib import Path


def test_the_index_lists_services_by_package() -> None:
    index = pages_of(example_contract())[0]
    assert index.path == INDEX
    titles = [b.title for b in index.blocks if isinstance(b, Heading)]
    packages = [
        *("benchmark.v1", "conformance.suite.v1", "conformance.v1", "cookbook.v1"),
        *("ledger.v1", "shop.v1", "soak.v1"),
    ]
    assert titles == ["Restate services", *packages]
    rows = [b for b in index.blocks if isinstance(b, Table)][packages.index("shop.v1")].rows
    assert [[words(cell) for cell in row] for row in rows] == [
        [
            "Cart (virtual object)",
            "AddTicket, ExpireTicket, Checkout, Show",
            "A customer's cart: the tickets that are reserved for them. The key is the customer.",
        ],
        ["Checkout (service)", "Pay", "Takes payments."],
        [
            "Signup (workflow)",
            "Run, Confirm",
            (
                "Makes somebody a customer, once they have shown that the mail address is theirs. "
                "The workflow id\nis the customer."
            ),
        ],
        [
            "Ticket (virtual object)",
            "Reserve, Release, Sell, Show",
            "A ticket, which is sold once. The key is the ticket id.",
        ],
    ]


def test_every_link_leads_somewhere() -> None:
    pages = pages_of(example_contract())
    anchors = {(page.path, h.anchor) for page in pages for h in page.headings()}
    anchors |= {(page.path, "") for page in pages}
    count = 0
    for page in pages:
        for link in links(page):
            count += 1
            assert (link.target.page, link.target.name) in anchors, link
    assert count > 200


def test_names_to_link_to_are_there_once() -> None:
    for page in pages_of(example_contract()):
        names = [h.anchor for h in page.headings()]
        for block in page.blocks:
            if isinstance(block, Table):
                names += block.anchors
                assert not block.anchors or len(block.anchors) == len(block.rows)
        assert len(set(names)) == len(names)


def test_the_same_contract_gives_the_same_pages() -> None:
    assert pages_of(example_contract()) == pages_of(example_contract())


def test_only_what_services_use_is_there(written: Written) -> None:
    pages = written(
        SERVICE + 'import "other.proto"; import "more.proto"; message M { other.O o = 1; }'
        "message Unused { more.N n = 1; }",
        other='syntax = "proto3"; package other; message O { E e = 1; } enum E { A = 0; }',
        more='syntax = "proto3"; package more; message N {} '
        "service NotRestates { rpc Do(N) returns (N); }",
    )
    assert list(pages) == [INDEX, "other.proto", "t.proto"]
    names = {heading.anchor for page in pages.values() for heading in page.headings()}
    assert {"t.v1.M", "other.O", "other.E", "t.v1.S", "t.v1.S.Do"} <= names
    assert not {name for name in names if "Unused" in name or "N" in name}
    assert table(pages[INDEX], "File") == [["File", "Messages and enums"], ["other.proto", "O, E"]]


def test_a_contract_without_services(tmp_path: Path) -> None:
    (tmp_path / "t.proto").write_text('syntax = "proto3"; message M {}')
    (index,) = pages_of(load_contract(tmp_path))
    assert paragraphs(index) == ["The contract has no Restate services."]


def test_fields(written: Written) -> None:
    page = written(
        SERVICE
        + """
        import "google/protobuf/duration.proto";
        import "google/protobuf/wrappers.proto";
        message M {
          string text = 1;
          optional bool maybe = 2;
          repeated M more = 3;
          map<uint64, M> by_number = 4;
          oneof choice { bytes data = 5; E e = 6; }
          google.protobuf.Duration wait = 7;
          repeated google.protobuf.Int64Value longs = 8;
          E single = 9 [json_name = "1st"];
          double number = 10 [deprecated = true];  // What it is.
          M.Inner inner = 11;
          message Inner {}
        }
        enum E { E_ZERO = 0; E_ONE = 1; }
        """
    )["t.proto"]
    assert table(page, "Field") == [
        ["Field", "No.", "Type", "JSON", "If absent", "Meaning"],
        ["text", "1", "string", '"text": "string"', '""', ""],
        ["maybe", "2", "optional bool", '"maybe": true', "not set", ""],
        ["more", "3", "repeated M", '"more": [{…}]', "[]", ""],
        ["by_number", "4", "map<uint64, M>", '"byNumber": {"1": {…}}', "{}", ""],
        ["data", "5", "bytes, one of choice", '"data": "aGVsbG8="', "not set", ""],
        ["e", "6", "E, one of choice", '"e": "E_ONE"', "not set", ""],
        ["wait", "7", "google.protobuf.Duration", '"wait": "60s"', "not set", ""],
        ["longs", "8", "repeated google.protobuf.Int64Value", '"longs": ["1"]', "[]", ""],
        ["single", "9", "E", '"1st": "E_ONE"', '"E_ZERO"', ""],
        ["number", "10", "double", '"number": 1.5', "0.0", "(deprecated) What it is."],
        ["inner", "11", "M.Inner", '"inner": {…}', "not set", ""],
    ]
    assert "Used by M." in paragraphs(page)
    assert "It has no fields." in paragraphs(page)


def test_fields_of_proto2(written: Written) -> None:
    page = written(
        SERVICE.replace("(M)", "(two.M)") + 'import "two.proto";',
        two="""
        syntax = "proto2"; package two;
        message M {
          required int64 needed = 1;
          optional int64 number = 2 [default = -5];
          optional float far = 3 [default = -inf];
          optional bytes data = 4 [default = "\\377"];
          optional E e = 5 [default = TWO];
          optional string text = 6;
          repeated group Item = 7 { optional bool yes = 8; }
        }
        enum E { ONE = 1; TWO = 2; }
        """,
    )["two.proto"]
    assert [row[2:] for row in table(page, "Field")] == [
        ["Type", "JSON", "If absent"],
        ["int64", '"needed": "1"', "an error"],
        ["optional int64", '"number": "1"', '"-5"'],
        ["optional float", '"far": 1.5', '"-Infinity"'],
        ["optional bytes", '"data": "aGVsbG8="', '"/w=="'],
        ["optional E", '"e": "TWO"', '"TWO"'],
        ["optional string", '"text": "string"', "not set"],
        ["repeated M.Item", '"item": [{…}]', "[]"],
    ]
    assert "It has these values and no others: the enum is closed." in paragraphs(page)


def test_keys_and_required_fields_are_marked(written: Written) -> None:
    page = written(
        """
        import "two.proto";
        service O { option (restatepb.v1.object) = {}; rpc Do(two.M) returns (two.M); }
        """,
        two="""
        syntax = "proto2"; package two;
        import "restatepb/v1/options.proto";
        message M {
          required string id = 1 [(restatepb.v1.key) = true];
          required int64 needed = 2;
          optional string other = 3;
        }
        """,
    )["two.proto"]
    names = [row[0] for row in table(page, "Field")[1:]]
    assert names == ["id (key) (required)", "needed (required)", "other"]


@pytest.mark.parametrize(
    ("kind", "request_line"),
    [
        ("service", "POST /t.v1.S/Run"),
        ("object", "POST /t.v1.S/{key}/Run"),
        ("workflow", "POST /t.v1.S/{id}/Run"),
    ],
)
def test_the_request_over_http_is_there(written: Written, kind: str, request_line: str) -> None:
    def page(config: str) -> Page:
        text = f"service S {{ option (restatepb.v1.{kind}) = {{ {config} }}; rpc Run(M) returns (M); }}"
        return written(text + "message M {}")["t.proto"]

    assert f"Over HTTP: {request_line}" in paragraphs(page(""))
    private = paragraphs(page("config: { ingress_private: true }"))
    assert not any("HTTP" in text for text in private)


def test_long_examples_are_short(written: Written) -> None:
    fields = "\n".join(f"string field_{number} = {number};" for number in range(1, 51))
    page = written(
        f"""
        service O {{
          option (restatepb.v1.object) = {{}};
          rpc Do(Large) returns (Nested);
          rpc Less(Small) returns (Small);
        }}
        message Large {{
          {fields}
          string id = 51 [(restatepb.v1.key) = true];
        }}
        message Nested {{ Large large = 1; string name = 2; }}
        message Small {{ string name = 1; }}
        """
    )["t.proto"]
    examples = [
        json.loads(block.code)
        for block in page.blocks
        if isinstance(block, Snippet) and block.language == "json"
    ]
    assert list(examples[0]) == [*(f"field{number}" for number in range(1, 11)), "id"]
    assert examples[1:] == [{"name": "string"}] * 3
    more = [text for text in paragraphs(page) if "more" in text]
    assert more == ["It can hold more: see Large.", "It can hold more: see Nested."]


def test_settings(written: Written) -> None:
    page = written(
        """
        service W {
          option (restatepb.v1.workflow) = {
            config: {
              inactivity_timeout: { seconds: 90 } abort_timeout: { nanos: 500000000 }
              journal_retention: { seconds: 90000 } idempotency_retention: {}
              workflow_retention: { seconds: 604800 } ingress_private: true lazy_state: false
              retry_policy: { max_attempts: 3 on_max_attempts: ON_MAX_ATTEMPTS_KILL }
              metadata: { key: "b" value: "2" } metadata: { key: "a" value: "1" }
              on_journal_mismatch: ON_JOURNAL_MISMATCH_PAUSE
            }
          };
          rpc Run(M) returns (M);
        }
        message M {}
        """
    )["t.proto"]
    assert [row[:2] for row in table(page, "Setting")] == [
        ["Setting", "Value"],
        ["Inactivity timeout", "1 minute 30 seconds"],
        ["Abort timeout", "500 milliseconds"],
        ["Journal retention", "1 day 1 hour"],
        ["Idempotency retention", "0 seconds"],
        ["Workflow retention", "7 days"],
        ["Retries", "at most 3 attempts, then it is killed"],
        ["Ingress", "private"],
        ["State", "eager"],
        ["Journal mismatch", "paused"],
        ["Metadata", "a: 1"],
        ["Metadata", "b: 2"],
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (timedelta(), "0 seconds"),
        (timedelta(milliseconds=1), "1 millisecond"),
        (timedelta(days=2, hours=3, minutes=4, seconds=5), "2 days 3 hours 4 minutes 5 seconds"),
    ],
)
def test_durations(value: timedelta, text: str) -> None:
    assert duration(value) == text


def test_errors_are_listed_with_their_codes(written: Written) -> None:
    own = '{ option (restatepb.v1.handler).error = { type: "t.v1.Locked" code: 423 }; }'
    page = written(
        SERVICE.replace("= {}", '= { error: { type: "t.v1.SoldOut" code: 409 } }').replace(
            "(M);", f"(M) {own}"
        )
        + "message M {}\n// Nothing is left.\n//\n// More.\nmessage SoldOut { Why why = 1; }\n"
        + "message Locked {}\nmessage Why {}"
    )["t.proto"]
    tables = [b for b in page.blocks if isinstance(b, Table) and b.columns[0] == "Detail"]
    assert [[words(cell) for cell in row] for table in tables for row in table.rows] == [
        ["SoldOut", "409", "Nothing is left.\n\nMore."],
        ["Locked", "423"],
    ]
    assert {"t.v1.SoldOut", "t.v1.Why", "t.v1.Locked"} <= {h.anchor for h in page.headings()}


def test_a_handler_that_goes_on_when_it_is_cancelled_says_so(written: Written) -> None:
    explicit = "{ option (restatepb.v1.handler) = { cancellation: CANCELLATION_EXPLICIT }; }"
    for option, says_so in ((";", False), (explicit, True)):
        page = written(SERVICE.replace("(M);", f"(M) {option}") + "message M {}")["t.proto"]
        assert any("Cancelled, it goes on" in text for text in paragraphs(page)) is says_so


GOOGLE_API = {
    "google/api/annotations.proto": """
        syntax = "proto3"; package google.api; import "google/protobuf/descriptor.proto";
        message HttpRule {
          oneof pattern {
            string get = 2; string put = 3; string post = 4; string delete = 5; string patch = 6;
            Custom custom = 8;
          }
          string body = 7;
          repeated HttpRule additional_bindings = 11;
        }
        message Custom { string kind = 1; string path = 2; }
        extend google.protobuf.MethodOptions { HttpRule http = 72295728; }
    """,
    "google/api/field_behavior.proto": """
        syntax = "proto3"; package google.api; import "google/protobuf/descriptor.proto";
        enum FieldBehavior {
          FIELD_BEHAVIOR_UNSPECIFIED = 0; OPTIONAL = 1; REQUIRED = 2; OUTPUT_ONLY = 3;
          INPUT_ONLY = 4; IMMUTABLE = 5;
        }
        extend google.protobuf.FieldOptions {
          repeated FieldBehavior field_behavior = 1052 [packed = false];
        }
    """,
}


def test_options_of_google_s_apis_are_shown(tmp_path: Path) -> None:
    write_files(tmp_path / "include", GOOGLE_API)
    contract = """
        syntax = "proto3"; package t.v1; import "restatepb/v1/options.proto";
        import "google/api/annotations.proto"; import "google/api/field_behavior.proto";
        service S {
          option (restatepb.v1.service) = {};
          rpc Get(M) returns (M) {
            option (google.api.http) = {
              get: "/v1/{name=books/*}"
              additional_bindings: { post: "/v1/get" body: "*" }
              additional_bindings: { custom: { kind: "HEAD" path: "/v1/books" } }
            };
          }
          rpc Plain(M) returns (M);
        }
        message M {
          string name = 1 [(google.api.field_behavior) = REQUIRED];
          string made = 2 [
            (google.api.field_behavior) = OUTPUT_ONLY, (google.api.field_behavior) = IMMUTABLE
          ];
          string note = 3;
        }
    """
    (tmp_path / "proto").mkdir()
    (tmp_path / "proto/t.proto").write_text(contract)
    pages = pages_of(load_contract(tmp_path / "proto", [tmp_path / "include"]))
    page = next(page for page in pages if page.path == "t.proto")
    gateway = [text for text in paragraphs(page) if "gateway" in text]
    assert gateway == [
        (
            "Through a gateway that reads google.api.http: "
            "GET /v1/{name=books/*}, POST /v1/get, HEAD /v1/books"
        )
    ]
    rows = table(page, "Field")
    rules = rows[0].index("Rules")
    assert [row[rules] for row in rows[1:]] == [
        "field_behavior = REQUIRED",
        "field_behavior = OUTPUT_ONLY, field_behavior = IMMUTABLE",
        "",
    ]
    request, response = [b for b in page.blocks if isinstance(b, Snippet)][:2]
    assert json.loads(request.code) == {"name": "string", "note": "string"}
    assert json.loads(response.code) == {"name": "string", "made": "string", "note": "string"}
    assert all("made" not in call.code for call in shown_calls(pages))
