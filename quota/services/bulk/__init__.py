"""Bulk edits of the list: what would change, then the change itself in bounded batches.

They stand in quota because the list's filters know quota; what happens to an account is uids' own (style §2).

`starting` is what people ask for, `running` what the worker does, `switching` what is judged of switches, and
`deciding` the second person.
"""

from __future__ import annotations

from quota.services.bulk.running import run_bulk_edit as run_bulk_edit
from quota.services.bulk.running import sweep_bulk_edits as sweep_bulk_edits
from quota.services.bulk.selecting import Selection as Selection
from quota.services.bulk.starting import cancel_bulk_edit as cancel_bulk_edit
from quota.services.bulk.starting import is_long as is_long
from quota.services.bulk.starting import preview as preview
from quota.services.bulk.starting import preview_undo as preview_undo
from quota.services.bulk.starting import start_bulk_edit as start_bulk_edit
from quota.services.bulk.starting import undo_bulk_edit as undo_bulk_edit
