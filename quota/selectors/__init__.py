"""Reads of quota."""

from quota.selectors.accounts import accounts_with_uid as accounts_with_uid
from quota.selectors.accounts import list_uids_with_quota as list_uids_with_quota
from quota.selectors.accounts import uids_to_count as uids_to_count
from quota.selectors.finding import is_too_short as is_too_short
