from .joining import join
from .members import (
    member_deactivate,
    member_edit,
    member_invitation_resend,
    member_invitation_withdraw,
    member_invite,
    member_list,
    member_reactivate,
)
from .settings import partner_edit, partner_switch, profile, settings_home

__all__ = [
    "join",
    "member_deactivate",
    "member_edit",
    "member_invitation_resend",
    "member_invitation_withdraw",
    "member_invite",
    "member_list",
    "member_reactivate",
    "partner_edit",
    "partner_switch",
    "profile",
    "settings_home",
]
