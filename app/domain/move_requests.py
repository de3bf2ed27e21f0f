"""Move requests: the practice asks clients to choose another time for their sessions."""

from typing import Literal

from typing_extensions import TypeAliasType

# Whether the sessions stay booked until they are answered for, or are cancelled at once.
Meanwhile = TypeAliasType("Meanwhile", Literal["keep", "cancel"])
# What has become of the request for one session. `kept`: it was not answered in time.
RequestState = TypeAliasType(
    "RequestState", Literal["asked", "moved", "cancelled", "kept", "withdrawn"]
)
# What a client has answered.
RequestAnswer = TypeAliasType("RequestAnswer", Literal["moved", "cancelled"])
# The most starts that are proposed for one session.
MAX_PROPOSALS = 3
