"""Linked accounts: the list, and everything about one of them."""

from __future__ import annotations

from django.urls import path

from uids import views

app_name = "uids"

urlpatterns = [
    path("", views.account_list, name="account_list"),
    path("bulk/", views.bulk_edit, name="bulk_edit"),
    path("bulk/quotas/", views.bulk_quotas, name="bulk_quotas"),
    path("bulk/<int:pk>/", views.bulk_detail, name="bulk_detail"),
    path("bulk/<int:pk>/cancel/", views.bulk_cancel, name="bulk_cancel"),
    path("bulk/<int:pk>/undo/", views.bulk_undo, name="bulk_undo"),
    path("labels/", views.label_list, name="label_list"),
    path("labels/<int:pk>/", views.label_edit, name="label_edit"),
    path("labels/<int:pk>/remove/", views.label_remove, name="label_remove"),
    path("views/", views.view_save, name="view_save"),
    path("views/<int:pk>/remove/", views.view_remove, name="view_remove"),
    path("<uid:uid>/", views.account_detail, name="account_detail"),
    path("<uid:uid>/edit/", views.account_edit, name="account_edit"),
    path("<uid:uid>/labels/", views.account_labels, name="account_labels"),
    path("<uid:uid>/trusteeship/", views.account_trusteeship, name="account_trusteeship"),
    path("<uid:uid>/freeze/", views.account_freeze, name="account_freeze"),
    path("<uid:uid>/unfreeze/", views.account_unfreeze, name="account_unfreeze"),
    path("<uid:uid>/purchases/disable/", views.purchases_disable, name="purchases_disable"),
    path("<uid:uid>/purchases/enable/", views.purchases_enable, name="purchases_enable"),
    path("<uid:uid>/policy/", views.account_policy, name="account_policy"),
    path("<uid:uid>/controls/", views.control_list, name="control_list"),
    path("<uid:uid>/controls/<uuid:operation>/undo/", views.control_undo, name="control_undo"),
    path("<uid:uid>/dry-run/<slug:what>/<slug:value>/", views.control_preview, name="control_preview"),
]
