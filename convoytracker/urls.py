"""Where each address leads."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from accounts.views import closed
from convoytracker import health

# The admin's own sign-in knows neither second factors nor rate limits: it leads to the common one.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("admin/", admin.site.urls),
    # Addresses are kept by administrators: alerts go there, and whoever reads them can reset a password.
    path("accounts/email/", closed),
    path("accounts/", include("allauth.urls")),
    path("api/", include("convoys.api.urls")),
    path("", include("convoys.board.urls")),
]

# Under /api/ every error is a problem document, elsewhere a page.
handler400 = "convoys.api.errors.bad_request"
handler403 = "convoys.api.errors.permission_denied"
handler404 = "convoys.api.errors.page_not_found"
handler500 = "convoys.api.errors.server_error"
