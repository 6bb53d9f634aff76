"""Existing customers come in from a file. The worker's side is `running` and `sweeping`."""

from quota.services.imports.refused import write_refused as write_refused
from quota.services.imports.starting import cancel as cancel
from quota.services.imports.starting import change_columns as change_columns
from quota.services.imports.starting import reread as reread
from quota.services.imports.starting import settle_columns as settle_columns
from quota.services.imports.starting import start as start
from quota.services.imports.starting import upload as upload
