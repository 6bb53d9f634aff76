from django.apps import AppConfig


class UidsConfig(AppConfig):
    name = "uids"
