"""Find awakeables of a service's messages that are resolved with another message than before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.contract.schema import MessageType
from restate_proto.evolution.compare_types import Use
from restate_proto.protobuf import messages_within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restate_proto.contract.schema import ServiceModel
    from restate_proto.evolution.version import ContractVersion

__all__ = ["awakeable_uses"]


def awakeable_uses(
    old: ContractVersion, new: ContractVersion, before: ServiceModel
) -> Iterator[Use]:
    """Yield the awakeable fields in a service's messages that both contracts have.

    Args:
        old: the contract that is running.
        new: the contract that will replace it.
        before: the service in the old contract.
    """
    names = dict.fromkeys(message.full_name for message in before.messages())
    for message in messages_within(map(old.message, names)):
        now = new.find_message(message.full_name)
        if now is None:
            continue
        for field in message.fields:
            other = now.fields_by_number.get(field.number)
            was, is_ = old.awakeable(field), new.awakeable(other) if other is not None else None
            if was is not None and is_ is not None and other is not None:
                yield Use(
                    rule="AWAKEABLE_TYPE_CHANGED",
                    title=f"the awakeable of {field.full_name}",
                    old=MessageType.of(was),
                    new=MessageType.of(is_),
                    before=old.location(field),
                    place=new.location(other),
                    name=field.name,
                )
