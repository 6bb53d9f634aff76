from django.apps import AppConfig


class SimulatedConfig(AppConfig):
    name = "partner_console.cloud.simulated"
    label = "simulated"
