"""Read a contract: turn descriptors into a checked model that does not depend on a target language.

`parse` makes the model, which `schema` defines, and checks every rule about contracts. `descriptors`
finds types by name and knows their places in the `.proto` files. `option_reader` reads the options.
`problems` collects violations of rules with their places.
"""

from __future__ import annotations
