"""Pages of approvals: requests under /approvals/, a partner's rules under /settings/approvals/."""

from __future__ import annotations

from .lists import approval_list as approval_list
from .requests import approval_alone as approval_alone
from .requests import approval_decide as approval_decide
from .requests import approval_detail as approval_detail
from .requests import approval_withdraw as approval_withdraw
from .rules import rule_edit as rule_edit
from .rules import rule_list as rule_list
