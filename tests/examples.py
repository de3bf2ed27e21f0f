"""How many examples a property test tries: fewer in `make test` than in `make test-slow`."""

from hypothesis import settings

QUICK = "quick"
THOROUGH = "thorough"
_SHARE = 8


def at_most(examples: int) -> settings:
    """Limit the number of examples; the quick profile tries an eighth of them."""
    quick = settings.get_current_profile_name() != THOROUGH
    return settings(max_examples=examples // _SHARE if quick else examples)
