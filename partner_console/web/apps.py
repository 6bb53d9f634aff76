from django.apps import AppConfig
from django.urls import register_converter

from .converters import UIDConverter


class WebConfig(AppConfig):
    name = "partner_console.web"
    label = "web"

    def ready(self) -> None:
        register_converter(UIDConverter, "uid")
