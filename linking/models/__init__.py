from .invitation import Invitation

__all__ = ["Invitation"]
