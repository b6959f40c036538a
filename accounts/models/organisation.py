"""Organisations and what each party calls them."""

from __future__ import annotations

from django.db import models


class NamingParty(models.TextChoices):
    """Whose usage a name is. Parties to a dispute name places and each other differently."""

    ARMENIAN = "hy", "as Armenian sources print it"
    AZERBAIJANI = "az", "as Azerbaijani sources print it"
    OTHER = "other", "as others print it"


class OrganisationType(models.TextChoices):
    """Organisation types as the HDX Humanitarian API codes them."""

    ACADEMIC = "431", "Academic / Research"
    DONOR = "433", "Donor"
    EMBASSY = "434", "Embassy"
    GOVERNMENT = "435", "Government"
    INTERNATIONAL_NGO = "437", "International NGO"
    INTERNATIONAL_ORGANIZATION = "438", "International Organization"
    MEDIA = "439", "Media"
    MILITARY = "440", "Military"
    NATIONAL_NGO = "441", "National NGO"
    OTHER = "443", "Other"
    PRIVATE_SECTOR = "444", "Private sector"
    RED_CROSS = "445", "Red Cross / Red Crescent"
    RELIGIOUS = "446", "Religious"
    UNITED_NATIONS = "447", "United Nations"


class Organisation(models.Model):
    """A sponsor, carrier, consignee, source or party. `name` is ours and neutral.

    The code is the key: the ledger names organisations by it, so it can never change.
    """

    code = models.SlugField(max_length=64, primary_key=True)
    name = models.CharField(max_length=200)
    type = models.CharField(max_length=3, choices=OrganisationType)
    country = models.CharField(
        max_length=2, blank=True, help_text="ISO 3166 of its seat; empty where disputed or unknown."
    )
    iati_identifier = models.CharField("IATI identifier", max_length=100, blank=True)
    is_exercise = models.BooleanField("for exercises only", default=False)
    note = models.TextField("staff note", blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class OrganisationName(models.Model):
    """A name another than ours. A verdict is shown only inside that party's own claims."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="names")
    name = models.CharField(max_length=200)
    party = models.CharField(max_length=16, choices=NamingParty)
    is_verdict = models.BooleanField(
        "a party's verdict", default=False, help_text="Shown only inside that party's own claims."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "party", "name"], name="organisation_name_once")
        ]

    def __str__(self) -> str:
        return self.name
