from .account import LinkedAccount
from .control import ControlChange
from .label import Label
from .view import SavedView

__all__ = ["ControlChange", "Label", "LinkedAccount", "SavedView"]
