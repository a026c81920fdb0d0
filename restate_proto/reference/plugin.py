"""The plugin `protoc-gen-restate-docs`, which writes the pages of a contract for buf and protoc.

In buf's managed mode, the pages show the packages of Java, Kotlin and Go that generated code has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.contract.parse.files import parse_request
from restate_proto.contract.problems import PluginError
from restate_proto.generate.plugin import boolean_option, given_options, serve
from restate_proto.reference.html import render_html
from restate_proto.reference.markdown import render_markdown
from restate_proto.reference.pages import contract_pages

if TYPE_CHECKING:
    from google.protobuf.compiler import plugin_pb2

__all__ = ["generate", "main"]

_FORMATS = {
    "markdown": (render_markdown,),
    "html": (render_html,),
    "both": (render_markdown, render_html),
}
_KNOWN = {"format": "|".join(_FORMATS), "ingress_url": "URL", "all_services": "true|false"}


def main() -> None:
    """Run the plugin `protoc-gen-restate-docs`."""
    serve("restate-docs", generate, hint="`restate-proto docs` needs neither.")


def generate(request: plugin_pb2.CodeGeneratorRequest) -> dict[str, str]:
    """Write the documentation of the contracts of a request.

    Args:
        request: the request, which has to be parsed after this module was imported; see `run`.

    Returns:
        The text of each page by its path; `README.md` and `index.html` list the services.

    Raises:
        PluginError: the options or the contracts have problems; it lists all of them.
    """
    given = given_options(request.parameter, _KNOWN)
    format_ = given.get("format", "both")
    if format_ not in _FORMATS:
        raise PluginError(f'format="{format_}" is not a format; write one of {", ".join(_FORMATS)}')
    ingress_url = given.get("ingress_url", "http://127.0.0.1:8080")
    if not ingress_url.startswith(("http://", "https://")):
        raise PluginError(
            f'ingress_url="{ingress_url}" is not a URL; write one such as http://127.0.0.1:8080'
        )
    all_services = boolean_option("all_services", given.get("all_services", "false"))
    descriptors, files = parse_request(request, all_services=all_services)
    pages = contract_pages(descriptors, files, ingress_url=ingress_url)
    return {
        name: text for render in _FORMATS[format_] for name, text in sorted(render(pages).items())
    }


if __name__ == "__main__":
    main()
