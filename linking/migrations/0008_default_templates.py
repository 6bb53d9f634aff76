"""Give every partner its least-privilege template, and every customer linked by invitation a grant and its checks.

What those customers agreed to said that the partner sees their bills and nothing else; so says their grant.
"""

from django.db import migrations
from django.utils import timezone

NAMES = {
    "en": ("See bills only", "What whoever pays the cloud needs, and nothing else."),
    "zh-hans": ("仅查看账单", "付款方所需的最低权限，除此之外没有其他权限。"),
    "ja": ("請求の閲覧のみ", "クラウドの料金を支払う側に必要な最小限の権限だけです。"),
}
KINDS = ("listed", "permissions", "billing", "access")
LEAST = ["view_bills"]
BATCH = 1000


def make_templates(apps, schema_editor):
    Partner = apps.get_model("access", "Partner")
    Template = apps.get_model("linking", "PermissionTemplate")
    Version = apps.get_model("linking", "TemplateVersion")
    has_one = Template.objects.filter(is_default=True, archived_at__isnull=True).values("partner_id")
    templates = Template.objects.bulk_create(
        [
            Template(partner_id=pk, name=name, description=description, is_default=True)
            for pk, language in Partner.objects.exclude(pk__in=has_one).order_by("pk").values_list("pk", "language")
            for name, description in [NAMES.get(language, NAMES["en"])]
        ],
        batch_size=BATCH,
    )
    Version.objects.bulk_create(
        [Version(template_id=template.pk, number=1, scopes=LEAST) for template in templates], batch_size=BATCH
    )


def grant_what_was_agreed(apps, schema_editor):
    Invitation = apps.get_model("linking", "Invitation")
    Version = apps.get_model("linking", "TemplateVersion")
    Grant = apps.get_model("linking", "Grant")
    LinkCheck = apps.get_model("linking", "LinkCheck")
    versions = dict(
        Version.objects.filter(template__is_default=True, template__archived_at__isnull=True, number=1).values_list(
            "template__partner_id", "pk"
        )
    )
    linked = (
        Invitation.objects.filter(
            state__in=["linked", "verified"],
            account__relationship__in=["normal", "to_be_confirmed", "in_process"],
        )
        .exclude(account__grants__isnull=False)
        .order_by("account_id", "-pk")
        .distinct("account_id")
        .values_list("account_id", "partner_id", "closed_at")
    )
    now, rows = timezone.now(), list(linked)
    Grant.objects.bulk_create(
        [
            Grant(account_id=account, template_version_id=versions.get(partner), scopes=LEAST, granted_at=at or now)
            for account, partner, at in rows
        ],
        batch_size=BATCH,
    )
    LinkCheck.objects.bulk_create(
        [LinkCheck(account_id=account, kind=kind, next_at=now) for account, _partner, _at in rows for kind in KINDS],
        batch_size=BATCH,
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("linking", "0007_termination_at_the_cloud"),
    ]

    operations = [
        migrations.RunPython(make_templates, migrations.RunPython.noop),
        migrations.RunPython(grant_what_was_agreed, migrations.RunPython.noop),
    ]
