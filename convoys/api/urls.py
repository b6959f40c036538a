"""Addresses under `/api/`. No trailing slashes; whatever else is asked for is a problem document."""

from django.urls import path, re_path
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import RedirectView

from convoys.api import (
    claims,
    entrance,
    episodes,
    feed,
    hold_statistics,
    ledger,
    me,
    statistics,
    subscriptions,
    tokens,
    views,
    vocabulary,
    webhooks,
)
from convoys.api.errors import nowhere

app_name = "api"
urlpatterns = [
    path("v1", entrance.Index.as_view(), name="index"),
    path("v1/", csrf_exempt(RedirectView.as_view(pattern_name="api:index"))),
    path("v1/convoys", views.ConvoyList.as_view(), name="convoys"),
    path(
        "v1/convoys/by-reference/<str:issuer>/<path:number>",
        views.ConvoyByOtherReference.as_view(),
        name="convoy-by-reference",
    ),
    path("v1/convoys/<str:reference>", views.ConvoyDetail.as_view(), name="convoy"),
    path("v1/episodes", episodes.EpisodeList.as_view(), name="episodes"),
    path("v1/events", feed.EventFeed.as_view(), name="events"),
    path("v1/routes", views.RouteList.as_view(), name="routes"),
    path("v1/routes/<slug:code>", views.RouteDetail.as_view(), name="route"),
    path("v1/control-points", views.ControlPointList.as_view(), name="control-points"),
    path("v1/control-points/<slug:code>", views.ControlPointDetail.as_view(), name="control-point"),
    path("v1/organisations", views.OrganisationList.as_view(), name="organisations"),
    path("v1/organisations/<slug:code>", views.OrganisationDetail.as_view(), name="organisation"),
    path("v1/agreements", views.AgreementList.as_view(), name="agreements"),
    path("v1/agreements/<slug:code>", views.AgreementDetail.as_view(), name="agreement"),
    path("v1/statistics/tonne-days", statistics.TonneDays.as_view(), name="tonne-days"),
    path("v1/statistics/held-now", hold_statistics.HeldNow.as_view(), name="held-now"),
    path("v1/statistics/durations", hold_statistics.HoldDurations.as_view(), name="durations"),
    path("v1/ledger/head", ledger.Head.as_view(), name="ledger-head"),
    path("v1/ledger/entries/<int:sequence>", ledger.Entry.as_view(), name="ledger-entry"),
    path("v1/ledger/inclusion/<int:sequence>", ledger.Inclusion.as_view(), name="ledger-inclusion"),
    path("v1/ledger/consistency", ledger.Consistency.as_view(), name="ledger-consistency"),
    path("v1/me", me.Me.as_view(), name="me"),
    path("v1/claims", claims.OfferList.as_view(), name="claims"),
    path("v1/claims/<uuid:key>", claims.OfferDetail.as_view(), name="claim"),
    path("v1/subscriptions", subscriptions.SubscriptionList.as_view(), name="subscriptions"),
    path("v1/subscriptions/<int:key>", subscriptions.SubscriptionDetail.as_view(), name="subscription"),
    path("v1/webhooks", webhooks.WebhookList.as_view(), name="webhooks"),
    path("v1/webhooks/<int:key>", webhooks.WebhookDetail.as_view(), name="webhook"),
    path("v1/webhooks/<int:key>/rotate", webhooks.WebhookRotate.as_view(), name="webhook-rotate"),
    path("v1/webhooks/<int:key>/test", webhooks.WebhookTest.as_view(), name="webhook-test"),
    path("v1/webhooks/<int:key>/deliveries", webhooks.WebhookDeliveries.as_view(), name="webhook-deliveries"),
    path(
        "v1/webhooks/<int:key>/deliveries/<slug:delivery>/replay",
        webhooks.WebhookReplay.as_view(),
        name="webhook-replay",
    ),
    path("v1/tokens", tokens.TokenList.as_view(), name="tokens"),
    path("v1/tokens/<int:key>", tokens.TokenDetail.as_view(), name="token"),
    path("v1/vocabulary", vocabulary.Vocabulary.as_view(), name="vocabulary"),
    path("v1/problems", entrance.ProblemList.as_view(), name="problems"),
    path("v1/problems/<slug:code>", entrance.ProblemDetail.as_view(), name="problem"),
    path("v1/openapi.json", entrance.OpenApi.as_view(), name="openapi.json"),
    path("v1/docs", entrance.viewer, name="docs"),
    re_path(r"", nowhere, name="nowhere"),
]
