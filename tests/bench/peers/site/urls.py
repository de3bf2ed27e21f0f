"""The routes of django-appointment, and nothing else."""

from django.urls import include, path

urlpatterns = [path("appointment/", include("appointment.urls"))]
