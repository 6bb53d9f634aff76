"""Writes on linked accounts."""

from uids.services.accounts import create_account as create_account
from uids.services.accounts import edit_account as edit_account
from uids.services.control_batches import Batch as Batch
from uids.services.control_batches import set_controls as set_controls
from uids.services.control_batches import undo_controls as undo_controls
from uids.services.controls import set_control as set_control
from uids.services.importing import create_accounts as create_accounts
from uids.services.labelling import set_labels as set_labels
from uids.services.labels import create_label as create_label
from uids.services.labels import remove_label as remove_label
from uids.services.labels import rename_label as rename_label
from uids.services.relationship import forget_contact as forget_contact
from uids.services.relationship import set_relationship as set_relationship
from uids.services.trusteeship import set_trustee as set_trustee
from uids.services.views import remove_view as remove_view
from uids.services.views import save_view as save_view
