from linking.models.batch import BatchRow, LinkBatch
from linking.models.checks import ChecklistItem, ChecklistTick, LinkCheck
from linking.models.consent import ConsentReceipt, CustomerCode, InvitationCode
from linking.models.invitation import Invitation
from linking.models.knowledge import KnowledgeArticle, KnowledgeVote, LinkAttempt
from linking.models.permissions import Grant, PermissionTemplate, TemplateVersion
from linking.models.termination import Termination
from linking.models.token import InvitationMail, InvitationToken
from linking.models.visits import CustomerSession, VisitCount

__all__ = [
    "BatchRow",
    "ChecklistItem",
    "ChecklistTick",
    "ConsentReceipt",
    "CustomerCode",
    "CustomerSession",
    "Grant",
    "Invitation",
    "InvitationCode",
    "InvitationMail",
    "InvitationToken",
    "KnowledgeArticle",
    "KnowledgeVote",
    "LinkAttempt",
    "LinkBatch",
    "LinkCheck",
    "PermissionTemplate",
    "TemplateVersion",
    "Termination",
    "VisitCount",
]
