"""Read answers of the admin API, without I/O, and refuse answers that it would not give."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from restate_proto.ingress.responses import HttpResponse

__all__ = [
    "ActionReceipt",
    "Deployment",
    "read_action",
    "read_deployment",
    "read_deployments",
    "read_rows",
    "read_services",
    "read_subscription",
    "read_subscriptions",
]


@dataclass(frozen=True, slots=True)
class Deployment:
    """An endpoint that is registered with Restate.

    Args:
        id: its id, such as `dp_11nGQpCRmau6ypL82KH2TnP`.
        is_new: whether its address was unknown before it was registered.
        descriptions: the admin API's description of each of its services.
    """

    id: str
    is_new: bool
    descriptions: tuple[Mapping[str, Any], ...]

    @property
    def services(self) -> tuple[str, ...]:
        """The names of the services that it serves."""
        return tuple(description["name"] for description in self.descriptions)


@dataclass(frozen=True, slots=True)
class ActionReceipt:
    """What Restate has done to an invocation.

    Args:
        is_done: whether the action is done; if not, it was accepted and will be done later.
        new_invocation_id: the id of the new invocation, if the action has made one.
    """

    is_done: bool
    new_invocation_id: str | None = None


_Shape: TypeAlias = "type[Any] | list[_Shape] | dict[str, _Shape]"
"""What a value has to be. A member whose name ends in a question mark may be missing or null, and the
name * stands for all members."""

_SERVICE: Final[dict[str, _Shape]] = {
    "name": str,
    "ty": str,
    "handlers": [{"name": str, "metadata?": {"*": str}, "retry_policy?": dict}],
    "deployment_id?": str,
    "metadata?": {"*": str},
    "retry_policy?": dict,
}
_CURRENT_SERVICE: Final[_Shape] = {**_SERVICE, "deployment_id": str}
_DEPLOYMENT: Final[_Shape] = {
    "id": str,
    "uri?": str,
    "arn?": str,
    "created_at": datetime,
    "services": [{"name": str, "revision": int}],
    "metadata?": {"*": str},
}
_SUBSCRIPTION: Final[_Shape] = {"id": str, "source": str, "sink": str, "options": dict}


def read_deployment(response: HttpResponse) -> Deployment:
    """Read one deployment, with its services.

    Raises:
        ValueError: the answer is not of the admin API; likewise in the other functions.
    """
    answer = _read(response, {"id": str, "services": [_SERVICE]})
    is_new = response.status == HTTPStatus.CREATED
    return Deployment(answer["id"], is_new, tuple(answer["services"]))


def read_deployments(response: HttpResponse) -> tuple[Mapping[str, Any], ...]:
    """Read the list of deployments."""
    found = _read(response, {"deployments": [_DEPLOYMENT]})["deployments"]
    if not all(each.get("uri") or each.get("arn") for each in found):
        raise ValueError("a deployment has no address")
    return tuple(found)


def read_services(response: HttpResponse) -> tuple[Mapping[str, Any], ...]:
    """Read the list of services."""
    return tuple(_read(response, {"services": [_CURRENT_SERVICE]})["services"])


def read_subscriptions(response: HttpResponse) -> tuple[Mapping[str, Any], ...]:
    """Read the list of subscriptions."""
    return tuple(_read(response, {"subscriptions": [_SUBSCRIPTION]})["subscriptions"])


def read_subscription(response: HttpResponse) -> Mapping[str, Any]:
    """Read one subscription."""
    answer = _read(response, _SUBSCRIPTION)
    return {name: answer[name] for name in ("id", "source", "sink", "options")}


def read_action(response: HttpResponse) -> ActionReceipt:
    """Read what was done to an invocation."""
    answer = _read(response, {"new_invocation_id?": str}) if response.body else {}
    return ActionReceipt(
        is_done=response.status != HTTPStatus.ACCEPTED,
        new_invocation_id=answer.get("new_invocation_id"),
    )


def read_rows(response: HttpResponse) -> list[dict[str, Any]]:
    """Read the rows of a query."""
    return _read(response, {"rows": [dict]})["rows"]


def _read(response: HttpResponse, shape: _Shape) -> dict[str, Any]:
    try:
        answer = json.loads(response.body)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    _check(answer, shape)
    return answer


def _check(value: Any, shape: _Shape) -> None:
    """Hold a value of JSON to what it has to be.

    Raises:
        ValueError: it is something else.
    """
    match shape:
        case type():
            if shape is datetime and isinstance(value, str):
                value = datetime.fromisoformat(value)
                if value.tzinfo is None:
                    raise ValueError(f"{value} has no time zone")
            if not isinstance(value, shape):
                raise ValueError(f"{value!r} is not of the type {shape.__name__}")  # noqa: TRY004 - of an answer
        case list():
            _check(value, list)
            for each in value:
                _check(each, shape[0])
        case dict():
            _check(value, dict)
            for name, inner in shape.items():
                if name == "*":
                    for each in value.values():
                        _check(each, inner)
                    continue
                found = value.get(name.removesuffix("?"))
                if found is not None or not name.endswith("?"):
                    _check(found, inner)
