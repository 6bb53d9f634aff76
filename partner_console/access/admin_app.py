"""The admin's AppConfig, apart from the site: app configs load before models may be imported."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class ConsoleAdminConfig(AdminConfig):
    default_site = "partner_console.access.admin_site.ConsoleAdminSite"
