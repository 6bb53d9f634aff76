"""Writes on linked accounts."""

from uids.services.accounts import create_account as create_account
from uids.services.accounts import edit_account as edit_account
from uids.services.controls import set_payg_freeze as set_payg_freeze
from uids.services.importing import create_accounts as create_accounts
from uids.services.labelling import set_labels as set_labels
from uids.services.labels import create_label as create_label
from uids.services.labels import remove_label as remove_label
from uids.services.labels import rename_label as rename_label
from uids.services.purchase import set_purchase_control as set_purchase_control
from uids.services.relationship import forget_contact as forget_contact
from uids.services.relationship import set_relationship as set_relationship
from uids.services.trusteeship import set_trustee as set_trustee
from uids.services.views import remove_view as remove_view
from uids.services.views import save_view as save_view
