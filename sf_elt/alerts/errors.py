"""What can go wrong with a channel. The tree is drawn in `sf_elt.alerts`; no message of these holds a secret."""


class AlertsError(Exception):
    """Anything that goes wrong with telling people."""


class ChannelUnusable(AlertsError):
    """What the channel needs is missing or no use: which variable of the environment, never what it holds."""


class NotDelivered(AlertsError):
    """The channel did not take a message: why. `after`: seconds that it asks for before the next try.

    `is_passing`: the same may go well in a while; else the channel refuses it, and will again.
    """

    def __init__(self, reason: str, *, is_passing: bool, after: float | None = None) -> None:
        super().__init__(reason)
        self.is_passing = is_passing
        self.after = after
