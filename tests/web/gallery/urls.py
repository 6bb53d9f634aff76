"""The console's URLs with the gallery beside them."""

from __future__ import annotations

from django.urls import include, path

from tests.web.gallery import views

urlpatterns = [
    path("gallery/", views.gallery, name="gallery"),
    path("gallery/list/", views.listing, name="gallery_list"),
    path("gallery/state/<str:state>/", views.listing, name="gallery_state"),
    path("gallery/confirm/", views.confirm, name="gallery_confirm"),
    path("gallery/public/", views.public, name="gallery_public"),
    path("gallery/error/<int:code>/", views.error, name="gallery_error"),
    path("", include("partner_console.urls")),
]
