"""Staff's links and the customer's invitation."""

from __future__ import annotations

from django.urls import path

from linking import views

app_name = "linking"

urlpatterns = [
    path("links/", views.invitation_list, name="invitation_list"),
    path("links/new/", views.invitation_new, name="invitation_new"),
    path("links/new/uid/", views.invitation_uid, name="invitation_uid"),
    path("links/new/sheet/", views.invitation_sheet, name="invitation_sheet"),
    path("links/new/mail/", views.invitation_mail, name="invitation_mail"),
    path("links/drafts/<int:pk>/", views.draft_edit, name="draft_edit"),
    path("links/<int:pk>/", views.invitation_detail, name="invitation_detail"),
    path("links/<int:pk>/withdraw/", views.invitation_withdraw, name="invitation_withdraw"),
    path("links/<int:pk>/resend/", views.invitation_resend, name="invitation_resend"),
    path("links/<int:pk>/retry/", views.invitation_retry, name="invitation_retry"),
    path("settings/templates/", views.template_list, name="template_list"),
    path("settings/templates/new/", views.template_new, name="template_new"),
    path("settings/templates/<int:pk>/", views.template_edit, name="template_edit"),
    path("settings/templates/<int:pk>/default/", views.template_default, name="template_default"),
    path("settings/templates/<int:pk>/archive/", views.template_archive, name="template_archive"),
    path("settings/checklist/", views.checklist_edit, name="checklist_edit"),
    path("settings/checklist/change/", views.checklist_change, name="checklist_change"),
    path("uids/<uid:uid>/permissions/", views.account_permissions, name="account_permissions"),
    path("uids/<uid:uid>/permissions/panel/", views.account_panel, name="account_panel"),
    path("uids/<uid:uid>/permissions/send/", views.account_resend, name="account_resend"),
    path("uids/<uid:uid>/permissions/check/", views.account_recheck, name="account_recheck"),
    path("uids/<uid:uid>/permissions/tick/", views.account_tick, name="account_tick"),
    path("invite/<str:token>/", views.invite_start, name="invite_start"),
    path("invite/<str:token>/changes/", views.invite_changes, name="invite_changes"),
    path("invite/<str:token>/proof/", views.invite_proof, name="invite_proof"),
    path("invite/<str:token>/code/", views.invite_code, name="invite_code"),
    path("invite/<str:token>/code/send/", views.invite_code_send, name="invite_code_send"),
    path("invite/<str:token>/decide/", views.invite_decide, name="invite_decide"),
    path("invite/<str:token>/decline/", views.invite_decline, name="invite_decline"),
    path("invite/<str:token>/not-me/", views.invite_not_me, name="invite_not_me"),
    path("invite/<str:token>/done/", views.invite_done, name="invite_done"),
    path("invite/<str:token>/help/", views.invite_help, name="invite_help"),
    path("invite/<str:token>/receipt/", views.invite_receipt, name="invite_receipt"),
    path("invite/<str:token>/receipt/file/", views.invite_receipt_file, name="invite_receipt_file"),
    path("links/<int:pk>/receipt/", views.invitation_receipt, name="invitation_receipt"),
    path("links/<int:pk>/receipt/file/", views.invitation_receipt_file, name="invitation_receipt_file"),
    path("receipts/check/", views.receipt_check, name="receipt_check"),
    path("my/", views.my_home, name="my_home"),
    path("my/sign-in/", views.my_sign_in, name="my_sign_in"),
    path("my/code/", views.my_code, name="my_code"),
    path("my/sign-out/", views.my_sign_out, name="my_sign_out"),
    path("my/help/", views.my_help, name="my_help"),
    path("my/<int:pk>/", views.my_link, name="my_link"),
    path("my/<int:pk>/permissions/", views.my_permissions, name="my_permissions"),
    path("my/<int:pk>/leave/", views.my_leave, name="my_leave"),
    path("my/<int:pk>/ending/", views.my_ending, name="my_ending"),
    path("my/<int:pk>/reject/", views.my_reject, name="my_reject"),
    path("my/<int:pk>/stay/", views.my_stay, name="my_stay"),
    path("my/<int:pk>/receipt/", views.my_receipt, name="my_receipt"),
    path("my/<int:pk>/receipt/file/", views.my_receipt_file, name="my_receipt_file"),
]
