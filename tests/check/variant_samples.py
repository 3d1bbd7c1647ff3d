"""Latches and barriers that only a variant allows, and faulty ones beside them; they run on every host."""

from __future__ import annotations

from latchproof import BrokenBarrierError, CountdownLatch


class Irrevocable:
    """An arrival is never taken back; the last one leads."""

    def __init__(self, parties: int) -> None:
        self._parties = parties
        self._arrived = 0
        self._gate = CountdownLatch(1)

    async def wait(self) -> object:
        self._arrived += 1
        if self._arrived == self._parties:
            self._trip()
            return True
        await self._gate.wait()
        return False

    def _trip(self) -> None:
        self._arrived = 0
        self._gate.count_down_nowait()
        self._gate = CountdownLatch(1)


class IrrevocableWithoutValue(Irrevocable):
    async def wait(self) -> None:
        await super().wait()


class FirstLeads(Irrevocable):
    """The first arrival leads, even if its call is cancelled."""

    async def wait(self) -> object:
        is_first = self._arrived == 0
        await super().wait()
        return is_first


class CountsArrivals(Irrevocable):
    """It says how many have arrived, and can be broken."""

    broken = False

    @property
    def n_waiting(self) -> int:
        return self._arrived

    async def wait(self) -> object:
        gate = self._gate
        if self.broken:
            raise BrokenBarrierError
        leads = await super().wait()
        if gate in self._failed:
            raise BrokenBarrierError
        return leads

    _failed: tuple[CountdownLatch, ...] = ()

    async def abort(self) -> None:
        self.broken = True
        self._fail()

    async def reset(self) -> None:
        self.broken = False
        self._fail()

    def _fail(self) -> None:
        self._failed = (*self._failed, self._gate)
        self._trip()


class LosesAnArrival(Irrevocable):
    """A cancelled task takes its arrival back."""

    async def wait(self) -> object:
        gate = self._gate
        try:
            return await super().wait()
        except BaseException:
            self._arrived -= gate is self._gate
            raise


class AllLead(Irrevocable):
    async def wait(self) -> object:
        await super().wait()
        return True


class NoneLeads(Irrevocable):
    async def wait(self) -> object:
        await super().wait()
        return False


class TripsEarly(Irrevocable):
    def __init__(self, parties: int) -> None:
        super().__init__(max(parties - 1, 1))


class ForgetsThoseLeft(Irrevocable):
    """The last one of a generation leaves the others behind."""

    def _trip(self) -> None:
        self._arrived = 0


class BreaksWhenCancelled(CountsArrivals):
    """Java's policy: the others fail."""

    async def wait(self) -> object:
        try:
            return await super().wait()
        except BrokenBarrierError:
            raise
        except BaseException:
            await self.abort()
            raise


class OneUse:
    """It opens once; a cancelled task takes its arrival back."""

    def __init__(self, parties: int) -> None:
        self._missing = parties
        self._gate = CountdownLatch(1)

    async def wait(self) -> None:
        if self._missing == 0:
            return
        self._missing -= 1
        if self._missing == 0:
            self._open()
        try:
            await self._gate.wait()
        except BaseException:
            self._take_back()
            raise

    def _open(self) -> None:
        self._gate.count_down_nowait()

    def _take_back(self) -> None:
        if self._missing:
            self._missing += 1


class ForgetsToOpen(OneUse):
    def _open(self) -> None:
        pass


class ClosesAgain(OneUse):
    """What comes later has to wait for others again."""

    def __init__(self, parties: int) -> None:
        super().__init__(parties)
        self._parties = parties

    def _open(self) -> None:
        super()._open()
        self._gate = CountdownLatch(1 if self._parties > 1 else 0)
        self._missing = self._parties


class KeepsAnArrival(OneUse):
    def _take_back(self) -> None:
        pass


class TakesBackAfterOpening(OneUse):
    """A task that is cancelled when the barrier is open closes it for later ones."""

    def _take_back(self) -> None:
        if self._missing == 0:
            self._gate = CountdownLatch(1)
        self._missing += 2


class AutoReset:
    """It opens, lets those go that wait, and has again the count with which it was made."""

    def __init__(self, count: int) -> None:
        self._made = self.count = count
        self._gate = CountdownLatch(min(count, 1))

    async def wait(self) -> None:
        await self._gate.wait()

    def count_down(self) -> None:
        if self._made:
            self.count -= 1
            if self.count == 0:
                self._open()

    def _open(self) -> None:
        self.count = self._made
        self._gate.count_down_nowait()
        self._gate = CountdownLatch(1)


class SettableAutoReset(AutoReset):
    """It has a method of which the policy says nothing."""

    def set_count(self, n: int) -> None:
        self.count = self._made = n


class RefusesAtZero(AutoReset):
    """Made with 0 it is always open, and there is nothing to count."""

    def count_down(self) -> None:
        if self._made == 0:
            raise RuntimeError("it is open")
        super().count_down()


class OpensForGood(AutoReset):
    """It is not closed again when its count is set back."""

    def _open(self) -> None:
        self.count = self._made
        self._gate.count_down_nowait()


class OpensTwice(AutoReset):
    """One count_down too many opens it: it is set back to one less."""

    def _open(self) -> None:
        super()._open()
        self.count = max(1, self._made - 1)


class OpensForNone(AutoReset):
    """It is closed again before those that wait are let go."""

    def _open(self) -> None:
        self.count = self._made
        self._gate = CountdownLatch(1)


class StaysAtZero(AutoReset):
    """It opens by its last count_down, and its count is not set back until the next one."""

    def count_down(self) -> None:
        if self._made and self.count == 0:
            self.count = self._made
        super().count_down()

    def _open(self) -> None:
        self._gate.count_down_nowait()
        self._gate = CountdownLatch(1)


class Phase:
    """Each call returns the number of its generation. A cancelled task takes its arrival back."""

    first = 0

    def __init__(self, parties: int) -> None:
        self._parties = parties
        self._arrived = 0
        self._phase = self.first
        self._gate = CountdownLatch(1)

    async def wait(self) -> int:
        phase, gate = self._phase, self._gate
        self._arrived += 1
        if self._arrived == self._parties:
            self._arrived = 0
            self._advance()
            self._gate = CountdownLatch(1)
            gate.count_down_nowait()
            return self._of_last(phase)
        try:
            await gate.wait()
        except BaseException:
            if gate is self._gate:
                self._take_back()
            raise
        return phase

    def _advance(self) -> None:
        self._phase += 1

    def _take_back(self) -> None:
        self._arrived -= 1

    def _of_last(self, phase: int) -> int:
        return phase


class PhaseFromOne(Phase):
    first = 1


class LastReturnsNext(Phase):
    """The last one returns the number of the next generation."""

    def _of_last(self, phase: int) -> int:
        return self._phase


class StaysInPhase(Phase):
    def _advance(self) -> None:
        pass


class SkipsPhases(Phase):
    def _advance(self) -> None:
        self._phase += 2


class CountsCancelled(Phase):
    def _take_back(self) -> None:
        pass


class CountsCancellationsAsPhases(Phase):
    def _take_back(self) -> None:
        super()._take_back()
        self._phase += 1
