from .account import LinkedAccount
from .bulk import BulkEdit
from .control import ControlChange
from .label import Label
from .scheduled import ScheduledControl, ScheduleState
from .view import SavedView

__all__ = [
    "BulkEdit",
    "ControlChange",
    "Label",
    "LinkedAccount",
    "SavedView",
    "ScheduleState",
    "ScheduledControl",
]
