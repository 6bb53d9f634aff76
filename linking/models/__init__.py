from linking.models.checks import ChecklistItem, ChecklistTick, LinkCheck
from linking.models.consent import ConsentReceipt, CustomerCode, InvitationCode
from linking.models.invitation import Invitation
from linking.models.knowledge import KnowledgeArticle, KnowledgeVote, LinkAttempt
from linking.models.permissions import Grant, PermissionTemplate, TemplateVersion
from linking.models.termination import Termination
from linking.models.token import InvitationMail, InvitationToken

__all__ = [
    "ChecklistItem",
    "ChecklistTick",
    "ConsentReceipt",
    "CustomerCode",
    "Grant",
    "Invitation",
    "InvitationCode",
    "InvitationMail",
    "InvitationToken",
    "KnowledgeArticle",
    "KnowledgeVote",
    "LinkAttempt",
    "LinkCheck",
    "PermissionTemplate",
    "TemplateVersion",
    "Termination",
]
