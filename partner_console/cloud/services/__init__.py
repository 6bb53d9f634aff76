"""The command outbox: queue in the caller's transaction, send outside of any, record the answer."""

from partner_console.cloud.services.by_hand import drop_waiting as drop_waiting
from partner_console.cloud.services.by_hand import ensure_by_hand as ensure_by_hand
from partner_console.cloud.services.by_hand import give_up as give_up
from partner_console.cloud.services.by_hand import record_by_hand as record_by_hand
from partner_console.cloud.services.commands import queue as queue
from partner_console.cloud.services.commands import queue_many as queue_many
from partner_console.cloud.services.commands import retry as retry
from partner_console.cloud.services.sending import send_due as send_due
from partner_console.cloud.services.sending import sweep as sweep
