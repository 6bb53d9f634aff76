"""Pages of quota."""

from quota.views.account import account_quota as account_quota
from quota.views.account import panel as panel
from quota.views.edits import quota_edit as quota_edit
from quota.views.edits import threshold_edit as threshold_edit
from quota.views.edits import threshold_meaning as threshold_meaning
from quota.views.figures import chart as chart
from quota.views.figures import chart_image as chart_image
from quota.views.imports import import_cancel as import_cancel
from quota.views.imports import import_change as import_change
from quota.views.imports import import_columns as import_columns
from quota.views.imports import import_detail as import_detail
from quota.views.imports import import_list as import_list
from quota.views.imports import import_new as import_new
from quota.views.imports import import_progress as import_progress
from quota.views.imports import import_refused as import_refused
from quota.views.imports import import_reread as import_reread
from quota.views.imports import import_run as import_run
