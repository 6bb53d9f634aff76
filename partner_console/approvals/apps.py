from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    name = "partner_console.approvals"
    label = "approvals"
