"""What every failure code means, why it comes and what to do. Pure. Partners add to them in the knowledge base.

The codes of the Agency API (agency-api.md §16.6), those of the gateway before it, and our own.

`message` is the gateway's own text and never translated: it is what people paste into a search.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from linking.states import FailureCode

if TYPE_CHECKING:
    from django.utils.functional import Promise


class Topic(TextChoices):
    LINKING = "linking", _("Linking and invitations")
    ACCOUNT = "account", _("The customer's account")
    QUOTA = "quota", _("Quota and thresholds")
    BILLS = "bills", _("Bills")
    KEYS = "keys", _("The console's own access to the cloud")


class Who(TextChoices):
    """Who can do something about it."""

    YOU = "you", _("You")
    CUSTOMER = "customer", _("The customer")
    OPERATOR = "operator", _("Your operator")
    CLOUD = "cloud", _("The cloud; wait")


@dataclass(frozen=True, slots=True)
class KnownCode:
    code: str
    topic: Topic
    who: Who
    message: str
    cause: str | Promise
    fix: str | Promise


_SENT_WRONG = _("The console sent something the cloud does not accept.")
_TELL = _("Tell your operator the code and the time; repeating it will not help.")
_KEY = _("The key the console uses at the cloud is wrong, expired or lacks rights.")
_KEY_FIX = _("Tell your operator: the key has to be replaced or given the missing rights. Then try again.")
_BUSY = _("Too many requests reached the cloud within a short time.")
_WAIT = _("Nothing to do: the console waits and asks again by itself.")
_SUBSCRIPTION = _("The subscription to multi-level bills was refused. Only distributors have it.")
_SUBSCRIPTION_FIX = _("Check the kind of bill, the start month and the storage bucket in the cloud's own console.")


def _ours(code: FailureCode, who: Who, cause: str | Promise, fix: str | Promise) -> KnownCode:
    return KnownCode(code.value, Topic.LINKING, who, "", cause, fix)


_ALL: tuple[KnownCode, ...] = (
    _ours(
        FailureCode.ALREADY_LINKED,
        Who.CUSTOMER,
        _("The account was linked between the customer's approval and ours, by you or by another partner."),
        _("If it is not in your own list, the customer works with another partner: only they can end that link. "
          "What the cloud had linked to you is undone by itself."),
    ),
    _ours(
        FailureCode.OTHER_UID,
        Who.OPERATOR,
        _("The cloud reports another UID than the one invited."),
        _("Buy nothing and change nothing on either account. Tell your operator at once, with the support package."),
    ),
    _ours(
        FailureCode.BAD_UID,
        Who.OPERATOR,
        _("The cloud reports a UID that cannot be one, or your own."),
        _("Tell your operator at once, with the time and the reference of the invitation."),
    ),
    _ours(
        FailureCode.NOT_OFFERED,
        Who.YOU,
        _("This cloud has no such operation in its API."),
        _("Do it in the cloud's own console, then record it here."),
    ),
    _ours(
        FailureCode.LINK_ENDED,
        Who.YOU,
        _("The invitation was to renew a link that is ending or has ended meanwhile."),
        _("See on the account's page how the end stands; when it has ended, invite the customer anew."),
    ),
    KnownCode("1109", Topic.LINKING, Who.CLOUD, "system error",
              _("The cloud has a problem of its own."), _("Wait a few minutes, then try again.")),
    KnownCode("3008", Topic.ACCOUNT, Who.OPERATOR, "shutdown status is error", _SENT_WRONG, _TELL),
    KnownCode("3009", Topic.LINKING, Who.CUSTOMER, "customerAccount is error",
              _("The cloud does not give you this account: it may be linked to another partner, or not exist."),
              _("Compare the UID with the customer digit by digit. If it is right, they end their link with the other "
                "partner first.")),
    KnownCode("3010", Topic.LINKING, Who.YOU, "customerNick is empty",
              _("The company's name is missing."), _("Invite again with the name of the company.")),
    KnownCode("3011", Topic.LINKING, Who.YOU, "The length of customerNick greater than 50",
              _("The company's name is longer than 50 characters, the most the cloud takes in an invitation."),
              _("Invite again with a shorter name; the nickname here may be longer.")),
    KnownCode("3012", Topic.LINKING, Who.OPERATOR, "cid is empty", _SENT_WRONG, _TELL),
    KnownCode("3013", Topic.QUOTA, Who.YOU, "customCredit is empty",
              _("The starting quota is missing."), _("Invite again with a quota; 0 means nothing to spend.")),
    KnownCode("3014", Topic.QUOTA, Who.YOU, "customCredit is a maximum of 10",
              _("The starting quota has more than 10 characters, the most the cloud takes in an invitation."),
              _("Start with a smaller quota and raise it after linking.")),
    KnownCode("3015", Topic.KEYS, Who.OPERATOR, "The current account is not a partner",
              _("The key the console uses does not belong to a partner."), _KEY_FIX),
    KnownCode("3016", Topic.LINKING, Who.YOU, "only invite agency account",
              _("An agency may invite agency end users only."), _("Invite again with that account type.")),
    KnownCode("3017", Topic.LINKING, Who.YOU, "only invite reseller account",
              _("A reseller may invite reseller end users only."), _("Invite again with that account type.")),
    KnownCode("3029", Topic.ACCOUNT, Who.CUSTOMER, "invalid UID",
              _("The cloud does not know this UID, or not as yours."),
              _("Check the UID with the customer: 132 for 123, a login name, a test account? If it is right, look in "
                "the cloud's own console whether the relationship still exists.")),
    KnownCode("3030", Topic.ACCOUNT, Who.YOU, "nickname over 150 (bytes)",
              _("The nickname is longer than 150 bytes; a Chinese or Japanese character takes three."),
              _("Shorten the nickname.")),
    KnownCode("3031", Topic.ACCOUNT, Who.YOU, "remark over 3000 (bytes)",
              _("The remarks are longer than 3000 bytes; a Chinese or Japanese character takes three."),
              _("Shorten the remarks.")),
    KnownCode("3040", Topic.ACCOUNT, Who.CUSTOMER, "account is in a frozen state and cannot be operated",
              _("The account is frozen at the cloud, often for unpaid bills or a missing verification."),
              _("Ask the customer what their console says, have it unfrozen, then try again.")),
    KnownCode("3041", Topic.QUOTA, Who.OPERATOR, "credit is not a number", _SENT_WRONG, _TELL),
    KnownCode("3044", Topic.QUOTA, Who.OPERATOR, "threshold not a number", _SENT_WRONG, _TELL),
    KnownCode("3045", Topic.QUOTA, Who.YOU, "threshold not 1-100",
              _("The warning threshold is not between 1 and 100 percent."), _("Set a threshold between 1 and 100.")),
    KnownCode("3048", Topic.BILLS, Who.OPERATOR, "bill owner not 1/2", _SENT_WRONG, _TELL),
    KnownCode("3049", Topic.BILLS, Who.OPERATOR, "bad date", _SENT_WRONG, _TELL),
    KnownCode("3050", Topic.BILLS, Who.OPERATOR, "bad bill type", _SENT_WRONG, _TELL),
    KnownCode("3055", Topic.LINKING, Who.OPERATOR, "subAccountType null", _SENT_WRONG, _TELL),
    KnownCode("3056", Topic.LINKING, Who.YOU, "subAccountType bad value",
              _("The cloud does not know this account type, or not for your kind of partner."),
              _("Invite again with an account type your contract has.")),
    KnownCode("3057", Topic.LINKING, Who.OPERATOR, "InviteId empty", _SENT_WRONG, _TELL),
    KnownCode("3058", Topic.LINKING, Who.CLOUD, ">10 mails in 5 min",
              _("More than 10 invitations were sent within 5 minutes."), _("Wait 5 minutes, then try again.")),
    KnownCode("3060", Topic.LINKING, Who.YOU, "no sending record",
              _("The cloud never heard of this invitation."), _("Try again: it is sent anew.")),
    KnownCode("3061", Topic.LINKING, Who.YOU, "URL expired",
              _("The customer's link at the cloud is over."), _("Invite the customer again.")),
    KnownCode("3062", Topic.ACCOUNT, Who.OPERATOR, "uid and userType both empty", _SENT_WRONG, _TELL),
    KnownCode("3063", Topic.ACCOUNT, Who.OPERATOR, "userType out of range", _SENT_WRONG, _TELL),
    KnownCode("3067", Topic.LINKING, Who.CUSTOMER, "enterprise customer invitation prohibited",
              _("The account is an enterprise customer under a contract of its own with the cloud."),
              _("It cannot be linked. The customer may open another account, or talk to the cloud's sales.")),
    *(
        KnownCode(str(code), Topic.BILLS, Who.YOU, text, _SUBSCRIPTION, _SUBSCRIPTION_FIX)
        for code, text in (
            (1001, "bad bill type"), (1002, "bad file type"), (1003, "bad start"), (1004, "subscription failed"),
            (1005, "no permission"), (1006, "already subscribed"), (1007, "bad bucket"), (1008, "cancel failed"),
            (1009, "no subscription record"),
        )
    ),
    KnownCode("IdempotentParameterMismatch", Topic.KEYS, Who.YOU, "same client token, different request",
              _("The cloud took this for a repeat of another order."), _("Try again once.")),
    *(
        KnownCode(code, Topic.KEYS, Who.OPERATOR, "", _KEY, _KEY_FIX)
        for code in (
            "InvalidAccessKeyId.NotFound", "SignatureDoesNotMatch", "Forbidden.RAM", "NoPermission",
        )
    ),
    *(
        KnownCode(code, Topic.KEYS, Who.OPERATOR, "", _SENT_WRONG, _TELL)
        for code in ("MissingParameter", "InvalidParameter", "InvalidAction.NotFound", "InvalidVersion")
    ),
    *(
        KnownCode(code, Topic.KEYS, Who.OPERATOR, "",
                  _("The clock of the console's machine is wrong, or a request was repeated on its way."),
                  _("Tell your operator to check the machine's clock. Then try again."))
        for code in ("InvalidTimeStamp.Expired", "SignatureNonceUsed")
    ),
    *(KnownCode(code, Topic.KEYS, Who.CLOUD, "", _BUSY, _WAIT) for code in ("Throttling", "Throttling.User")),
    *(
        KnownCode(code, Topic.KEYS, Who.CLOUD, "", _("The cloud has a problem of its own."),
                  _("Wait a few minutes, then try again."))
        for code in ("ServiceUnavailable", "InternalError")
    ),
)  # fmt: skip
KNOWN: Final[dict[str, KnownCode]] = {one.code: one for one in _ALL}
