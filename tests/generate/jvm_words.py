"""Contracts in which every name is a word of Java, of Kotlin or of generated code."""

from __future__ import annotations

__all__ = ["WORDS", "contracts"]

_KEYWORDS = """
abstract assert boolean break byte case catch char class const continue default do double else enum
extends final finally float for goto if implements import instanceof int interface long native new
package private protected public return short static strictfp super switch synchronized this throw
throws transient try void volatile while true false null

exports module non open opens permits provides record requires sealed to transitive uses var when
with yield

as fun in is object typealias typeof val
by catch constructor delegate dynamic field file finally get init param property receiver set
setparam value where
actual annotation companion crossinline data expect external infix inline inner internal lateinit
noinline operator out override reified suspend tailrec vararg it async await context contract
"""
_METHODS = """
clone equals finalize getClass hashCode notify notifyAll toString wait
component1 compareTo contains invoke iterator plus rangeTo also apply let run use with takeIf
"""
_GENERATED = """
accept apply bind builder call callAsync callSuspend client config configure connect contentType
create ctx define delay deserialize fromClient fromContext handler handlers header headers
idempotencyKey ingressRequest key keyOf lazy listOf metadata method name of options
overrideHandlerOptions request requestSerde require response responseSerde send sendAsync
sendSuspend serialize service serviceObject setOf submit submitAsync supports target thenApply
workflowHandle
"""

WORDS = sorted(set(f"{_KEYWORDS} {_METHODS} {_GENERATED}".split()))
"""The names of methods."""

_OPTIONS = 'import "google/protobuf/empty.proto";\nimport "restatepb/v1/options.proto";\n'
_NOTHING = "google.protobuf.Empty"

# Messages that are called as constants and classes of generated code.
_HIDDEN = """
M ID ADD SERVICE_NAME SERDE_FACTORY Companion Metadata Option Send Service Void Unit
""".split()  # noqa: SIM905 - a table of words reads better
_FILE_CLASSES = "BINARY JSON RAW SERVICE GET Send Metadata".split()  # noqa: SIM905 - likewise


def contracts() -> dict[str, str]:
    """Return the files by their paths."""
    files = {
        "words/words.proto": _words(),
        "words/hidden.proto": _hidden("words.hidden"),
        # What is called so in a package of this name is `types.v1.Send` in generated code.
        "words/types.proto": _hidden("types.v1"),
        "words/case.proto": _CASE,
    }
    for name in _FILE_CLASSES:
        package = f"words.of_{name.lower()}"
        files[f"words/{name.lower()}.proto"] = (
            f'syntax = "proto3"; package {package}; {_OPTIONS}'
            f'option java_outer_classname = "{name}"; message Of {{ string x = 1; }}\n'
            "service Files { option (restatepb.v1.object) = "
            f'{{ state: {{ name: "x" type: "{package}.Of" }} }}; rpc Get(Of) returns (Of); }}'
        )
    return files


def _words() -> str:
    def rpcs(request: str, response: str) -> str:
        return "\n".join(f"  rpc {word}({request}) returns ({response});" for word in WORDS)

    return f"""
        syntax = "proto3";
        package words;
        {_OPTIONS}
        message M {{ string id = 1 [(restatepb.v1.key) = true]; }}
        service Keyed {{
          option (restatepb.v1.object) = {{}};
        {rpcs("M", "M")}
        }}
        service Nothing {{
          option (restatepb.v1.service) = {{}};
        {rpcs(_NOTHING, _NOTHING)}
        }}
        service Flow {{
          option (restatepb.v1.workflow) = {{}};
          rpc Start(M) returns (M) {{ option (restatepb.v1.handler).run = true; }}
        {rpcs(_NOTHING, "M")}
        }}
        """


def _hidden(package: str) -> str:
    messages = "\n".join(f"message {name} {{ string x = 1; }}" for name in _HIDDEN)
    states = " ".join(
        f'state: {{ name: "{name.lower()}" type: "{package}.{name}" }}' for name in _HIDDEN
    )
    rpcs = "\n".join(f"rpc Take{name}({name}) returns ({name});" for name in _HIDDEN)
    return f"""
        syntax = "proto3";
        package {package};
        {_OPTIONS}
        option java_multiple_files = true;
        {messages}
        service Hidden {{
          option (restatepb.v1.object) = {{ {states} }};
          rpc Add(M) returns (M);
          {rpcs}
        }}
        """


# Keys that are one in Python, and one that has no name there.
_CASE = f"""
    syntax = "proto3";
    package words.upper;
    {_OPTIONS}
    message M {{ string x = 1; }}
    service Case {{
      option (restatepb.v1.object) = {{
        state: {{ name: "email-confirmed" type: "words.upper.M" }}
        signal: {{ name: "emailConfirmed" type: "words.upper.M" }}
        signal: {{ name: "--" type: "words.upper.M" }}
      }};
      rpc GetURL(M) returns (M);
    }}
    """
