"""Orders to the cloud, and the operators' page of the simulated one."""

from __future__ import annotations

from django.urls import path

from partner_console.cloud import views

app_name = "cloud"

urlpatterns = [
    path("", views.command_list, name="command_list"),
    path("<int:pk>/retry/", views.command_retry, name="command_retry"),
    path("<int:pk>/by-hand/", views.command_by_hand, name="command_by_hand"),
    path("simulator/", views.simulator, name="simulator"),
    path("simulator/event/", views.simulator_event, name="simulator_event"),
    path("simulator/fault/", views.simulator_fault, name="simulator_fault"),
    path("simulator/instance/", views.simulator_instance, name="simulator_instance"),
    path("simulator/instance/<int:pk>/remove/", views.simulator_instance_remove, name="simulator_instance_remove"),
    path("simulator/time/", views.simulator_time, name="simulator_time"),
    path("simulator/time/cancel/", views.simulator_time_cancel, name="simulator_time_cancel"),
]
