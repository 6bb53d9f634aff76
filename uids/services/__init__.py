"""Writes on linked accounts."""

from uids.services.accounts import create_account as create_account
from uids.services.accounts import edit_account as edit_account
from uids.services.controls import set_payg_freeze as set_payg_freeze
from uids.services.trusteeship import set_trustee as set_trustee
