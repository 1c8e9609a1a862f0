"""What the engine says no with."""


class NotPossible(Exception):
    """The generation's state does not allow what was asked; nothing changed."""
