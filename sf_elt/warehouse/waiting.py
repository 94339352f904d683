"""How the warehouse file is waited for, and how that is told."""

import logging

from tenacity import RetryCallState

log = logging.getLogger(__name__)

LOOK_AGAIN = (0.01, 0.06)  # seconds: as random, so that nobody always comes at the wrong moment
TELL_EVERY = 10.0  # seconds of waiting


class Telling:
    """Says after two seconds, and then from time to time, whom is waited for."""

    def __init__(self) -> None:
        self._next = 2.0

    def __call__(self, state: RetryCallState) -> None:
        if (waited := state.seconds_since_start or 0.0) >= self._next:
            self._next = waited + TELL_EVERY
            refused = state.outcome.exception() if state.outcome else ""
            log.warning("waiting for the warehouse file, %.0f s so far. If it stays so: %s", waited, refused)
