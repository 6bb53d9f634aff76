from __future__ import annotations

from django.contrib import admin

from partner_console.web.admin import LookUpAdmin

from .models import ExportJob


@admin.register(ExportJob)
class ExportJobAdmin(LookUpAdmin):
    list_display = ("created_at", "partner", "user", "title", "file_format", "state", "n_rows", "n_done")
    list_filter = ("state", "file_format", "language")
    search_fields = ("title", "user__email", "key")
    list_select_related = ("partner", "user")
    exclude = ("file",)  # downloads go through the page that checks permission again
