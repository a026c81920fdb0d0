"""`ClientOptions`: the options of the asynchronous and the synchronous client."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, Unpack

from restate_proto.http2.base_url import BaseUrl
from restate_proto.ingress.encoding_sender import EncodingSender
from restate_proto.ingress.limits import ClientLimits
from restate_proto.ingress.requests import checked_headers
from restate_proto.ingress.sender import HttpSender, Senders
from restate_proto.ingress.tls import tls_context
from restate_proto.model.arguments import check_duration, wrong_type
from restate_proto.model.options import check_option_names
from restate_proto.model.payload_codec import payload_codecs
from restate_proto.model.retry import RetryPolicy
from restate_proto.rules import has_protovalidate

if TYPE_CHECKING:
    import ssl as ssl_module
    from collections.abc import Callable, Mapping, Sequence
    from datetime import timedelta
    from os import PathLike

    from restate_proto.ingress.requests import HeaderSource
    from restate_proto.ingress.sender import Sender, Transport
    from restate_proto.model.interceptors import Interceptor
    from restate_proto.model.payload_codec import PayloadCodec

__all__ = ["ClientOptions", "check_client_options", "make_senders"]


class ClientOptions(TypedDict, total=False):
    """The options of `IngressClient` and `SyncIngressClient`. None is the same as leaving one out."""

    admin_url: str | None
    """The URL of the admin API, for `cancel`, `kill` and `purge`: `http://127.0.0.1:9070`."""

    engine: str | None
    """The HTTP/2 engine, `"h2"` or `"ngh2"`; by default `"ngh2"` if it is installed."""

    headers: Mapping[str, str] | HeaderSource | None
    """Headers for every request, such as `{"authorization": "Bearer ..."}`.

    Or a function or coroutine function without parameters that returns them. It is called each time
    that a request is sent or repeated, so that it can replace an expired token. An `IngressClient`
    calls an ordinary function in its event loop, which it must not block; a `SyncIngressClient`
    calls it in a thread. Its exceptions are raised by the call.
    """

    interceptors: Sequence[Interceptor]
    """Observe or change calls and one-way messages, the outermost first; see `Interceptor`."""

    limits: ClientLimits | None
    """The limits of connections and of waiting times."""

    payload_codec: PayloadCodec | Sequence[PayloadCodec] | None
    """Encode payloads, as the endpoint does: a codec, or several in the order in which they encode."""

    retry: RetryPolicy | None
    """When to repeat requests, unless their invocation failed; by default never.

    Requests that were not processed are repeated, and so are requests whose outcome is unknown if
    doing them twice is the same as once. Each delay is varied by up to a fifth, and prolonged if
    `Retry-After` says so. An attempt that would begin after the policy's `max_duration` is not
    made.
    """

    ssl: ssl_module.SSLContext | None
    """The TLS configuration for `https:` URLs, instead of the three options that follow.

    By default certificates are verified against the system's issuers, or those of the environment
    variable `SSL_CERT_FILE`.
    """

    tls_ca: str | PathLike[str] | None
    """A PEM file with the only issuers to trust."""

    tls_certificate: str | PathLike[str] | None
    """A PEM file with the client's certificate and the chain to its issuer."""

    tls_key: str | PathLike[str] | None
    """A PEM file with the key of `tls_certificate`, unless that file contains it."""

    validate_requests: bool
    """Whether requests whose messages have rules of `buf.validate` are validated before they are sent.

    A request that breaks a rule raises an `InvalidMessageError`, and does not cost an invocation.
    Handlers of this library validate requests in any case.
    """

    wait_for: timedelta | None
    """How long calls and `attach` wait for a result by default; None waits for ever."""


_OPTIONS = ClientOptions.__optional_keys__


def check_client_options(where: str, **options: Unpack[ClientOptions]) -> None:
    """Refuse wrong options, except those that `make_senders` finds.

    Args:
        where: the class that was called.
        **options: what it was called with.

    Raises:
        TypeError: an option is unknown or has the wrong type.
        ValueError: a policy or a duration makes no sense here.
        ImportError: validation is on, and protovalidate is not installed.
    """
    check_option_names(where, options, _OPTIONS)
    retry = options.get("retry")
    if not isinstance(retry, RetryPolicy | None):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
        raise wrong_type(where, "retry", retry, "a RetryPolicy")
    if retry is not None and retry.on_max_attempts is not None:
        raise ValueError(
            f"{where}(retry=...): on_max_attempts is for ctx.run; leave it out: the last "
            "failure of a request is raised"
        )
    limits = options.get("limits")
    if not isinstance(limits, ClientLimits | None):  # pyright: ignore[reportUnnecessaryIsInstance] - as above
        raise wrong_type(where, "limits", limits, "ClientLimits(...)")
    wait_for = options.get("wait_for")
    if wait_for is not None:
        check_duration(where, "wait_for", wait_for)
    if options.get("validate_requests") and not has_protovalidate():
        raise ImportError(
            f"{where}(validate_requests=True) needs protovalidate: "
            "run `pip install 'restate-proto[validate]'`"
        )


def make_senders(
    where: str,
    base_url: str,
    options: ClientOptions,
    connect: Callable[..., Transport],
) -> Senders:
    """Make the senders of a client with these options.

    Args:
        where: the class that was called.
        base_url: the URL of the ingress.
        options: the options that it was called with.
        connect: makes the transport to a URL; takes the arguments of `Http2Client`.
        ImportError: the engine is not installed.
    """
    tls = tls_context(
        where,
        options.get("ssl"),
        tls_ca=options.get("tls_ca"),
        tls_certificate=options.get("tls_certificate"),
        tls_key=options.get("tls_key"),
    )
    limits = options.get("limits") or ClientLimits()
    headers = options.get("headers")
    common = headers if callable(headers) else checked_headers(headers)

    def sender(url: str, context: ssl_module.SSLContext | None) -> HttpSender:
        transport = connect(url, ssl=context, engine=options.get("engine"), limits=limits.of_pool())
        return HttpSender(
            transport,
            headers=common,
            policy=options.get("retry"),
            answer_timeout=limits.read_timeout,
        )

    admin = None
    admin_url = options.get("admin_url")
    if admin_url is not None:
        # The schemes may differ, for example if TLS ends at a proxy before the ingress.
        over_tls = BaseUrl.parse(admin_url).scheme == "https"
        admin = sender(admin_url, tls if over_tls else None)
    ingress: Sender = sender(base_url, tls)
    codecs = payload_codecs(where, options.get("payload_codec"))
    if codecs is not None:
        ingress = EncodingSender(ingress, codecs)
    return Senders(ingress, admin, options.get("wait_for"))
