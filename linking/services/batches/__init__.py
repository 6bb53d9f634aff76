"""Many links at once: a file or paste of customers to invite, and one action on many invitations.

`starting` is what people ask for, `running` what the worker does, `judging` and `acting` what becomes of a row.
"""

from __future__ import annotations

from linking.services.batches.refused import write_refused as write_refused
from linking.services.batches.running import run_batch as run_batch
from linking.services.batches.starting import cancel as cancel
from linking.services.batches.starting import change_columns as change_columns
from linking.services.batches.starting import choose as choose
from linking.services.batches.starting import paste as paste
from linking.services.batches.starting import settle_columns as settle_columns
from linking.services.batches.starting import start as start
from linking.services.batches.starting import try_again as try_again
from linking.services.batches.starting import upload as upload
from linking.services.batches.sweeping import sweep_batches as sweep_batches
