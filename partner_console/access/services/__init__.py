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
from .people import create_person, edit_profile, remove_second_factor

__all__ = [
    "accept_invitation",
    "create_partner",
    "create_person",
    "deactivate_member",
    "edit_member",
    "edit_partner",
    "edit_profile",
    "find_invitation",
    "invite_member",
    "reactivate_member",
    "remove_second_factor",
    "resend_invitation",
    "withdraw_invitation",
]
