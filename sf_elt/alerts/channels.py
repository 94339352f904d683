"""Slack, email, and a webhook for programs: each sends one message, or says why not, without a secret.

`requests` and the standard library's smtplib carry them: two POSTs and a mail are less than a library for a hundred
services, whose errors would name the secret addresses.
"""

import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Literal, Protocol

from sf_elt.alerts.errors import NotDelivered
from sf_elt.alerts.messages import Message
from sf_elt.alerts.posting import post_json

Security = Literal["starttls", "tls", "none"]

SMTP_SECONDS = 4.0
"""How long each step of a mail may take."""


class Channel(Protocol):
    """Where messages go."""

    @property
    def name(self) -> str:
        """slack, email or webhook."""

    def send(self, message: Message) -> None:
        """Sends it. Raises NotDelivered."""


@dataclass(frozen=True)
class Slack:
    """An incoming webhook of Slack, or of what takes the same (Mattermost, Rocket.Chat)."""

    address: str = field(repr=False)
    name: str = "slack"

    def send(self, message: Message) -> None:
        """Posts it as mrkdwn. https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks"""
        post_json(self.address, {"text": in_mrkdwn(message), "unfurl_links": False}, {})


@dataclass(frozen=True)
class Webhook:
    """An address that takes JSON; `token` goes as a bearer token."""

    address: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    name: str = "webhook"

    def send(self, message: Message) -> None:
        """Posts it as JSON; the header Idempotency-Key is the same for each repetition."""
        bearer = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        post_json(self.address, as_json(message), {"Idempotency-Key": message.id, **bearer})


@dataclass(frozen=True)
class Email:
    """Mail through an SMTP server, by STARTTLS, TLS from the first byte, or none within one's own network."""

    host: str
    port: int
    sender: str
    to: Sequence[str]
    security: Security = "starttls"
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    name: str = "email"

    def send(self, message: Message) -> None:
        """Sends one mail to all; repetitions have the same Message-ID, and mails of an incident are one thread."""
        try:
            with self._server() as server:
                if self.username and self.password:
                    server.login(self.username, self.password)
                refused = server.send_message(self._mail(message))
        except smtplib.SMTPRecipientsRefused as error:
            codes = sorted({code for code, _ in error.recipients.values()})
            said = f"the server refuses every recipient (SMTP {', '.join(map(str, codes))})"
            raise NotDelivered(said, is_passing=any(400 <= code < 500 for code in codes)) from None
        except smtplib.SMTPNotSupportedError:
            raise NotDelivered("the server offers no STARTTLS, or no login", is_passing=False) from None
        except smtplib.SMTPResponseException as error:
            raise NotDelivered(_reason(error), is_passing=400 <= error.smtp_code < 500) from None
        except ssl.SSLError:
            raise NotDelivered("its certificate is not accepted, or it does not speak TLS", is_passing=False) from None
        except (smtplib.SMTPException, OSError, ValueError) as error:  # ValueError: an address that no mail can name
            raise NotDelivered(f"it cannot be reached ({type(error).__name__})", is_passing=True) from None
        if refused:  # the others have it: to send it again would be to send it twice
            raise PartlyDelivered(len(refused))

    def _server(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self.security == "tls":
            return smtplib.SMTP_SSL(self.host, self.port, timeout=SMTP_SECONDS, context=context)
        server = smtplib.SMTP(self.host, self.port, timeout=SMTP_SECONDS)
        if self.security == "starttls":
            try:
                server.starttls(context=context)
            except BaseException:
                server.close()
                raise
        return server

    def _mail(self, message: Message) -> EmailMessage:
        mail = EmailMessage()
        domain = self.sender.rpartition("@")[2]
        mail["Subject"] = f"[sf_elt] {message.title}"
        mail["From"], mail["To"] = self.sender, ", ".join(self.to)
        mail["Date"] = format_datetime(datetime.now(UTC))
        mail["Message-ID"] = f"<{message.id}@{domain}>"
        mail["References"] = f"<{message.incident}@{domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.as_text())
        return mail


class PartlyDelivered(NotDelivered):
    """Some recipients of a mail were refused, and the others have it."""

    def __init__(self, refused: int) -> None:
        super().__init__(f"the server refuses {refused} of the recipients", is_passing=False)


def in_mrkdwn(message: Message) -> str:
    """For Slack: what it would obey in a text is text. https://docs.slack.dev/messaging/formatting-message-text"""
    lines = [f"*{_escaped(message.title)}*", *(f"• {_escaped(each)}" for each in message.facts)]
    lines += [_escaped(each) for each in (message.when(), message.to_do) if each]
    return "\n".join([*lines, *(f"<{_escaped(each)}>" for each in message.links)])


def as_json(message: Message) -> dict[str, object]:
    """For programs: times in ISO 8601."""
    return {
        "id": message.id,
        "incident": message.incident,
        "event": message.event,
        "kind": message.kind,
        "title": message.title,
        "facts": list(message.facts),
        "since": message.since.isoformat(timespec="seconds"),
        "until": message.until.isoformat(timespec="seconds") if message.until else None,
        "to_do": message.to_do,
        "links": list(message.links),
    }


def _escaped(text: str) -> str:
    """Slack's three control characters as its own escapes; `*`, `~` and `` ` `` would format. `_` within a word does
    not.
    """
    for character, escape in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("*", "∗"), ("~", "∼"), ("|", "¦")):
        text = text.replace(character, escape)
    return text.replace("`", "'")


def _reason(error: smtplib.SMTPResponseException) -> str:
    """The server's number, and not its words, which may repeat what it was told."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"the server refuses the login (SMTP {error.smtp_code})"
    if isinstance(error, smtplib.SMTPSenderRefused):
        return f"the server refuses the sender (SMTP {error.smtp_code})"
    return f"the server answers SMTP {error.smtp_code}"
