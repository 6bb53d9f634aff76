from django.apps import AppConfig


class ExportsConfig(AppConfig):
    name = "partner_console.exports"
    label = "exports"
