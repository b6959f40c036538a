"""Column shapes used in several tables."""

from __future__ import annotations

from typing import Any

from django.db import models


def tonnes_field(**options: Any) -> models.DecimalField[Any, Any]:
    """Metric tonnes with three decimals; null is unknown and never 0."""
    return models.DecimalField(max_digits=12, decimal_places=3, null=True, blank=True, **options)


def code_field(choices: type[models.TextChoices], **options: Any) -> models.CharField[Any, Any]:
    """A code of a closed list; the empty string where none is stated."""
    settings: dict[str, Any] = {"blank": True, "default": ""} | options
    return models.CharField(max_length=32, choices=choices, **settings)


def tonnage_in_order(name: str, low: str, high: str) -> models.CheckConstraint:
    """Low and high of a tonnage: not negative, low first, and no high without a low."""
    given = models.Q(**{f"{low}__gte": 0}) & (
        models.Q(**{f"{high}__isnull": True}) | models.Q(**{f"{high}__gte": models.F(low)})
    )
    unknown = models.Q(**{f"{low}__isnull": True, f"{high}__isnull": True})
    return models.CheckConstraint(condition=given | unknown, name=name)


def index_where_given(field: str, *more: str, name: str) -> models.Index:
    """An index of the rows where a foreign key is set: the others cost it nothing."""
    return models.Index(fields=[field, *more], condition=models.Q(**{f"{field}__isnull": False}), name=name)
