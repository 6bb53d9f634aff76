"""Many quotas at once: a file, a paste or a typed table of new totals; a dry run, then the run.

`starting` is what people ask for, `judging` the dry run, `running` what the worker does, `deciding` the second person.
"""

from __future__ import annotations

from quota.services.batches.running import run_batch as run_batch
from quota.services.batches.running import sweep_batches as sweep_batches
from quota.services.batches.sheets import write_not_done as write_not_done
from quota.services.batches.sheets import write_sheet as write_sheet
from quota.services.batches.starting import MOST_ROWS as MOST_ROWS
from quota.services.batches.starting import again as again
from quota.services.batches.starting import cancel as cancel
from quota.services.batches.starting import paste as paste
from quota.services.batches.starting import recheck as recheck
from quota.services.batches.starting import settle_columns as settle_columns
from quota.services.batches.starting import start as start
from quota.services.batches.starting import type_in as type_in
from quota.services.batches.starting import upload as upload
