"""allauth's addresses under `/account/`."""

from django.urls import URLPattern, URLResolver, include, path

from kaja.web.accounts import review, sessions, views

urlpatterns: list[URLPattern | URLResolver] = [
    path("invitation/<str:token>/", views.invitation, name="invitation"),
    path("review/", review.review, name="account_review"),
    path("sessions/", sessions.sessions, name="usersessions_list"),
    # Pages of allauth for what Kaja does otherwise or not at all: the profile holds the address, everybody has a
    # password, and addresses are proven by mail only where there is a mail server. They stand before allauth's own,
    # so nobody meets those.
    path("email/", views.lead_on, name="account_email"),
    path("confirm-email/", views.proof_sent, name="account_email_verification_sent"),
    path("confirm-email/<str:key>/", views.prove, name="account_confirm_email"),
    path("password/set/", views.lead_on, name="account_set_password"),
    path("login/code/confirm/", views.lead_on, name="account_confirm_login_code"),
    path("", include("allauth.urls")),
]
