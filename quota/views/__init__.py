"""Pages of quota."""

from quota.views.account import account_quota as account_quota
from quota.views.account import panel as panel
from quota.views.edits import quota_edit as quota_edit
from quota.views.edits import threshold_edit as threshold_edit
from quota.views.edits import threshold_meaning as threshold_meaning
