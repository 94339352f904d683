"""Where messages go: the attributes, and the channels with the secrets that the environment holds."""

import os
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from sf_elt.alerts import Channel, ChannelUnusable, Email, Security, Slack, Webhook, require_address
from sf_elt.components.attributes import Attributes
from sf_elt.salesforce.connection.addresses import LOOPBACK

Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Address = Annotated[str, Field(pattern=r"^[^\s@<>,;]+@[^\s@<>,;]+$")]


class SlackChannel(Attributes):
    """An incoming webhook of Slack."""

    webhook_env: Variable = Field(
        description="The environment variable that holds the webhook's address, which is a secret: SLACK_WEBHOOK_URL."
    )

    def channel(self, environ: Mapping[str, str]) -> Slack:
        """The channel. Raises ChannelUnusable where the environment lacks its address."""
        return Slack(_address(self.webhook_env, environ))


class WebhookChannel(Attributes):
    """An address that takes JSON."""

    url_env: Variable = Field(description="The environment variable that holds the address: ALERTS_WEBHOOK_URL.")
    token_env: Variable | None = Field(
        default=None, description="The environment variable that holds a bearer token. Default: none is sent."
    )

    def channel(self, environ: Mapping[str, str]) -> Webhook:
        """The channel. Raises ChannelUnusable where the environment lacks what it needs."""
        address = _address(self.url_env, environ)
        return Webhook(address, _value(self.token_env, environ, "token_env") if self.token_env else None)


class EmailChannel(Attributes):
    """Mail through an SMTP server."""

    to: list[Address] = Field(min_length=1, description="Who gets it.")
    sender: Address = Field(description="From whom it is.")
    host: str = Field(min_length=1, description="The SMTP server.")
    port: int = Field(default=587, ge=1, le=65535, description="Its port: 587 for starttls, 465 for tls.")
    security: Security = Field(
        default="starttls", description="starttls, tls from the first byte, or none within your own network."
    )
    username_env: Variable | None = Field(
        default=None, description="The environment variable that holds the user's name. Default: no login."
    )
    password_env: Variable | None = Field(
        default=None, description="The environment variable that holds the password. Default: no login."
    )

    def channel(self, environ: Mapping[str, str]) -> Email:
        """The channel. Raises ChannelUnusable where the environment lacks what it needs."""
        if (self.username_env is None) != (self.password_env is None):
            raise ChannelUnusable("email needs both of username_env and password_env, or neither")
        if self.password_env and self.security == "none" and self.host not in LOOPBACK:
            raise ChannelUnusable("email would send its password unencrypted: set security to starttls or tls")
        both = "username_env and password_env"
        return Email(
            host=self.host,
            port=self.port,
            sender=self.sender,
            to=tuple(self.to),
            security=self.security,
            username=_value(self.username_env, environ, both) if self.username_env else None,
            password=_value(self.password_env, environ, both) if self.password_env else None,
        )


def ready(
    channels: Mapping[str, SlackChannel | WebhookChannel | EmailChannel], environ: Mapping[str, str] = os.environ
) -> tuple[list[Channel], dict[str, str]]:
    """The channels that can be used now, and why the others cannot, by name."""
    usable: list[Channel] = []
    unusable = {}
    for name, each in channels.items():
        try:
            usable.append(each.channel(environ))
        except ChannelUnusable as error:
            unusable[name] = str(error)
    return usable, unusable


def _address(variable: str, environ: Mapping[str, str]) -> str:
    address = _value(variable, environ)
    require_address(address, variable)
    return address


def _value(variable: str, environ: Mapping[str, str], optional: str = "") -> str:
    value = environ.get(variable, "").strip()
    if not value:
        instead = f": set it, or take {optional} out of the YAML" if optional else ""
        raise ChannelUnusable(f"the environment variable {variable} is not set{instead}")
    return value
