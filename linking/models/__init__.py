from linking.models.invitation import Invitation
from linking.models.token import InvitationMail, InvitationToken

__all__ = ["Invitation", "InvitationMail", "InvitationToken"]
