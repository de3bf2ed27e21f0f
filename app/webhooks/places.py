"""Places for posts: how many may be in progress at once, of an endpoint, a practice, a worker."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID


class CrowdedError(Exception):
    """No place became free in time."""


@dataclass(frozen=True, slots=True, eq=False)
class _Waiter:
    most: Mapping[UUID, int]
    admitted: asyncio.Future[None]


@dataclass(slots=True)
class Places:
    """Counts posts in progress by holder: an endpoint, a practice, or the worker.

    A place that becomes free goes to the first that waits and whose holders all have room.
    """

    taken: Counter[UUID] = field(default_factory=Counter)
    _waiting: list[_Waiter] = field(default_factory=list)

    def has_room(self, most: Mapping[UUID, int]) -> bool:
        """Tell whether each holder has less than its largest number of posts in progress."""
        return all(self.taken[holder] < bound for holder, bound in most.items())

    @asynccontextmanager
    async def place(self, most: Mapping[UUID, int], seconds: float) -> AsyncIterator[None]:
        """Hold a place of each holder for the duration of the block; wait `seconds` at most.

        Raises:
            CrowdedError: a holder had no place in that time.
        """
        if self.has_room(most):
            self.taken.update(most.keys())
        else:
            try:
                await self._wait(most, seconds)
            except TimeoutError:
                raise CrowdedError from None
        try:
            yield
        finally:
            self._leave(most)

    async def _wait(self, most: Mapping[UUID, int], seconds: float) -> None:
        waiter = _Waiter(most, asyncio.get_running_loop().create_future())
        self._waiting.append(waiter)
        try:
            async with asyncio.timeout(seconds):
                await waiter.admitted
        except BaseException:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            else:  # admitted at the moment of the timeout
                self._leave(most)
            raise

    def _leave(self, most: Mapping[UUID, int]) -> None:
        self.taken.subtract(most.keys())
        for holder in most:
            if not self.taken[holder]:
                del self.taken[holder]
        for waiter in self._waiting:
            # One that has just stopped to wait is still in the list.
            if not waiter.admitted.done() and self.has_room(waiter.most):
                self._waiting.remove(waiter)
                self.taken.update(waiter.most.keys())
                waiter.admitted.set_result(None)
                return
