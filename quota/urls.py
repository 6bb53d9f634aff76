"""Quota pages. They stand under `/uids/…`, where people look for an account."""

from __future__ import annotations

from django.urls import path

from quota import views

app_name = "quota"

urlpatterns = [
    path("exposure/", views.exposure, name="exposure"),
    path("uids/import/", views.import_list, name="import_list"),
    path("uids/import/new/", views.import_new, name="import_new"),
    path("uids/import/<int:pk>/", views.import_detail, name="import_detail"),
    path("uids/import/<int:pk>/progress/", views.import_progress, name="import_progress"),
    path("uids/import/<int:pk>/columns/", views.import_columns, name="import_columns"),
    path("uids/import/<int:pk>/columns/change/", views.import_change, name="import_change"),
    path("uids/import/<int:pk>/reread/", views.import_reread, name="import_reread"),
    path("uids/import/<int:pk>/run/", views.import_run, name="import_run"),
    path("uids/import/<int:pk>/cancel/", views.import_cancel, name="import_cancel"),
    path("uids/import/<int:pk>/refused/", views.import_refused, name="import_refused"),
    path("uids/quotas/", views.batch_new, name="batch_new"),
    path("uids/quotas/type/", views.batch_type, name="batch_type"),
    path("uids/quotas/<int:pk>/", views.batch_detail, name="batch_detail"),
    path("uids/quotas/<int:pk>/progress/", views.batch_progress, name="batch_progress"),
    path("uids/quotas/<int:pk>/columns/", views.batch_columns, name="batch_columns"),
    path("uids/quotas/<int:pk>/check/", views.batch_check, name="batch_check"),
    path("uids/quotas/<int:pk>/run/", views.batch_run, name="batch_run"),
    path("uids/quotas/<int:pk>/again/", views.batch_again, name="batch_again"),
    path("uids/quotas/<int:pk>/cancel/", views.batch_cancel, name="batch_cancel"),
    path("uids/quotas/<int:pk>/not-done/", views.batch_not_done, name="batch_not_done"),
    path("warnings/", views.warning_list, name="warning_list"),
    path("warnings/handle/", views.warning_handle, name="warning_handle"),
    path("warnings/<int:pk>/", views.warning_detail, name="warning_detail"),
    path("schedule/", views.schedule_list, name="schedule_list"),
    path("settings/calendar/", views.calendar, name="calendar"),
    path("settings/calendar/revoke/", views.calendar_revoke, name="calendar_revoke"),
    path("calendar/<slug:token>.ics", views.calendar_feed, name="calendar_feed"),
    path("settings/warnings/", views.rule_list, name="rule_list"),
    path("settings/warnings/progress/", views.rule_progress, name="rule_progress"),
    path("settings/warnings/all/", views.rule_partner, name="rule_partner"),
    path("settings/warnings/labels/<int:pk>/", views.rule_label, name="rule_label"),
    path("settings/warnings/mailing/", views.warning_mailing, name="warning_mailing"),
    path("uids/<uid:uid>/schedule/", views.schedule, name="schedule"),
    path("uids/<uid:uid>/schedule/new/", views.schedule_new, name="schedule_new"),
    path("uids/<uid:uid>/schedule/<int:pk>/edit/", views.schedule_edit, name="schedule_edit"),
    path("uids/<uid:uid>/schedule/<int:pk>/cancel/", views.schedule_cancel, name="schedule_cancel"),
    path("uids/<uid:uid>/quota/", views.account_quota, name="account_quota"),
    path("uids/<uid:uid>/quota/panel/", views.panel, name="panel"),
    path("uids/<uid:uid>/quota/chart/", views.chart, name="chart"),
    path("uids/<uid:uid>/quota/chart.svg", views.chart_image, name="chart_image"),
    path("uids/<uid:uid>/quota/edit/", views.quota_edit, name="quota_edit"),
    path("uids/<uid:uid>/quota/write-off/", views.write_off, name="write_off"),
    path("uids/<uid:uid>/quota/refund/", views.refund, name="refund"),
    path("uids/<uid:uid>/quota/boost/", views.boost_start, name="boost_start"),
    path("uids/<uid:uid>/quota/boost/end/", views.boost_end, name="boost_end"),
    path("uids/<uid:uid>/quota/boost/extend/", views.boost_extend, name="boost_extend"),
    path("uids/<uid:uid>/quota/orders/<int:pk>/take-back/", views.order_take_back, name="order_take_back"),
    path("uids/<uid:uid>/quota/threshold/", views.threshold_edit, name="threshold_edit"),
]
