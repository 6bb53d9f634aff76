from .account import LinkedAccount
from .bulk import BulkEdit
from .control import ControlChange
from .label import Label
from .view import SavedView

__all__ = ["BulkEdit", "ControlChange", "Label", "LinkedAccount", "SavedView"]
