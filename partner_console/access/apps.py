from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "partner_console.access"
    label = "access"
