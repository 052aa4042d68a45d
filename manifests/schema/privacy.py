"""Settings of the privacy step: which kinds of personal data, and what becomes of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from manifests.schema.base import Strict, UnusedLeftOut
from manifests.schema.plugins import Reference

PrivacyKind = Literal[
    "email", "phone_cn", "phone", "url", "ip", "mac", "id_card_cn", "credit_code_cn", "passport_cn",
    "plate_cn", "bank_card", "iban", "wechat", "qq", "api_key", "private_key", "password",
]  # fmt: skip
Action = Literal["placeholder", "remove", "hash", "drop"]


class Salt(Strict):
    """Where the secret is from which pseudonyms are made. Its content is in no manifest; a change of it
    changes the step's fingerprint."""

    file: str | None = None
    """A file that holds it, relative to the corpus manifest. Instead of ``env``."""
    env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    """The environment variable that holds it. Instead of ``file``."""

    @model_validator(mode="after")
    def _one(self) -> Salt:
        if (self.file is None) == (self.env is None):
            raise ValueError("name either the file or the environment variable (env) that holds the salt")
        return self


class IpSettings(Strict):
    """Which IP addresses count as personal data."""

    reserved: Literal["keep", "treat"] = "keep"
    """Private addresses (192.168.1.10), link-local ones and other ranges that everybody may use: ``keep``
    leaves them in the text, where they are mostly part of an explanation or of settings, and ``treat`` does
    with them what ``actions`` says of ``ip``. Loopback, unspecified addresses and masks always stay."""


class KindPlugin(Strict):
    """A kind of personal datum that a plug-in finds, and what becomes of it."""

    use: Reference
    """``module:name`` of a ``PluginKind``, the module being found on the Python path or in the manifest's
    folder, or the name of an entry point in the group ``openba.pii_kinds``."""
    action: Action
    """What becomes of it, as in ``actions``."""


class PrivacySettings(UnusedLeftOut):
    """What becomes of each kind of personal datum."""

    optional_keys = ("kinds",)
    actions: dict[PrivacyKind, Action]
    """By kind: a ``placeholder`` such as ``<EMAIL>`` in its place, nothing (``remove``), a pseudonym such as
    ``<EMAIL:3fa9c1d2...>`` made with the ``salt`` (``hash``), or the whole document is rejected (``drop``).
    Kinds that are not named are left alone."""
    kinds: tuple[KindPlugin, ...] = ()
    """Kinds of your own."""
    ip: IpSettings = IpSettings()
    """Which IP addresses are meant."""
    salt: Salt | None = None
    """The secret of pseudonyms; needed where an action is ``hash``."""

    @model_validator(mode="after")
    def _salted(self) -> PrivacySettings:
        if "hash" in (*self.actions.values(), *(kind.action for kind in self.kinds)) and self.salt is None:
            raise ValueError(
                "an action is hash, but there is no salt; name a file or an environment variable, as in "
                "salt: {env: PRIVACY_SALT}"
            )
        return self

    @model_validator(mode="after")
    def _each_once(self) -> PrivacySettings:
        uses = [kind.use for kind in self.kinds]
        twice = sorted({use for use in uses if uses.count(use) > 1})
        if twice:
            raise ValueError(f"kinds: {twice[0]!r} is used twice; name it once, with one action")
        return self
