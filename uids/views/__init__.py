"""Pages of linked accounts."""

from uids.views.controls import account_freeze as account_freeze
from uids.views.controls import account_unfreeze as account_unfreeze
from uids.views.details import account_detail as account_detail
from uids.views.details import account_edit as account_edit
from uids.views.lists import account_list as account_list
from uids.views.records import control_list as control_list
