from .members import (
    accept_invitation,
    deactivate_member,
    edit_member,
    find_invitation,
    invite_member,
    reactivate_member,
    resend_invitation,
    withdraw_invitation,
)
from .partners import create_partner, edit_partner
from .people import edit_profile

__all__ = [
    "accept_invitation",
    "create_partner",
    "deactivate_member",
    "edit_member",
    "edit_partner",
    "edit_profile",
    "find_invitation",
    "invite_member",
    "reactivate_member",
    "resend_invitation",
    "withdraw_invitation",
]
