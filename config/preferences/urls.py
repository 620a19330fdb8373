from django.urls import path

from config.preferences import views

app_name = "preferences"
urlpatterns = [
    path("theme/", views.theme, name="theme"),
    path("language/", views.language, name="language"),
]
