"""Addresses of the pages for readers: situation, convoys, roads, data, and the embedded copy's mail."""

from django.urls import path

from convoys.board import (
    documents,
    mail,
    mail_links,
    roads,
    subscriptions,
    tokens,
    unsubscribe,
    views,
    webhooks,
)

app_name = "board"
urlpatterns = [
    path("", views.situation, name="situation"),
    path("convoys", views.convoy_list, name="convoys"),
    path("convoys/<str:reference>", views.convoy_page, name="convoy"),
    path("routes", roads.route_list, name="routes"),
    path("routes/<slug:code>", roads.route_page, name="route"),
    path("control-points/<slug:code>", roads.control_point_page, name="control_point"),
    path("agreements/<slug:code>", roads.agreement_page, name="agreement"),
    path("documents/<slug:sha256>", documents.document, name="document"),
    path("data", views.data, name="data"),
    path("subscriptions", subscriptions.subscriptions, name="subscriptions"),
    path("subscriptions/<int:key>", subscriptions.subscription_change, name="subscription_change"),
    path("subscriptions/<int:key>/end", subscriptions.subscription_end, name="subscription_end"),
    path("tokens", tokens.tokens, name="tokens"),
    path("tokens/<int:key>/revoke", tokens.token_revoke, name="token_revoke"),
    path("webhooks", webhooks.webhooks, name="webhooks"),
    path("webhooks/<int:key>", webhooks.webhook, name="webhook"),
    path("webhooks/<int:key>/rotate", webhooks.webhook_rotate, name="webhook_rotate"),
    path("webhooks/<int:key>/test", webhooks.webhook_test, name="webhook_test"),
    path("webhooks/<int:key>/disable", webhooks.webhook_disable, name="webhook_disable"),
    path("webhooks/<int:key>/enable", webhooks.webhook_enable, name="webhook_enable"),
    path("webhooks/<int:key>/end", webhooks.webhook_end, name="webhook_end"),
    path("webhooks/<int:key>/replay/<int:message>", webhooks.webhook_replay, name="webhook_replay"),
    path("u/<str:token>", unsubscribe.unsubscribe_page, name="unsubscribe"),
    path("u/<str:token>/acknowledge", mail_links.acknowledge, name="acknowledge"),
    path("u/<str:token>/snooze", mail_links.snooze, name="snooze"),
    path("u/<str:token>/charge", mail_links.charge, name="charge"),
    path("mail", mail.mail_list, name="mail"),
    path("mail/<str:name>", mail.mail_page, name="mail_page"),
    path("mail/<str:name>/html", mail.mail_html, name="mail_html"),
]
