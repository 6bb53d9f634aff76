"""Pages about the cloud: orders to it, and the operators' page of the simulated one."""

from partner_console.cloud.views.commands import command_by_hand as command_by_hand
from partner_console.cloud.views.commands import command_list as command_list
from partner_console.cloud.views.commands import command_retry as command_retry
from partner_console.cloud.views.simulator import simulator as simulator
from partner_console.cloud.views.simulator import simulator_event as simulator_event
from partner_console.cloud.views.simulator import simulator_fault as simulator_fault
from partner_console.cloud.views.simulator import simulator_instance as simulator_instance
from partner_console.cloud.views.simulator import simulator_instance_remove as simulator_instance_remove
from partner_console.cloud.views.simulator import simulator_time as simulator_time
from partner_console.cloud.views.simulator import simulator_time_cancel as simulator_time_cancel
