from django.apps import AppConfig


class CloudConfig(AppConfig):
    name = "partner_console.cloud"
    label = "cloud"
