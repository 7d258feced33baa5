"""What the venue's servers say no with: one exception, its status and its body.

Owns: `Refused` and the texts of the gateway (PROTOCOL §4.8) that the matching engine does not say
itself.

Must never: invent a text where the venue's is known.
"""

from typing import Final

UNAUTHORIZED: Final = "Unauthorized/Invalid api key"
INVALID_L1: Final = "Invalid L1 Request headers"
KEY_EXISTS: Final = "Could not create api key"
NO_KEY: Final = "Could not derive api key!"
INVALID_PAYLOAD: Final = "Invalid order payload"
NOT_OWNER: Final = "the order owner has to be the owner of the API KEY"
NOT_SIGNER: Final = "the order signer address has to be the address of the API KEY"
TOO_MANY: Final = "Too Many Requests"


class Refused(Exception):
    """An answer that is not 200; `body` holds what stands beside the text, `headers` its headers.

    `is_plain`: the text is the whole body, as the edge answers and not the gateway.

    A text that contains `not found`, `unauthorized` or `context canceled` changes the status as
    the venue's gateway changes it.
    """

    def __init__(
        self,
        status: int,
        text: str,
        *,
        body: dict[str, str | int] | None = None,
        headers: dict[str, str] | None = None,
        is_plain: bool = False,
    ) -> None:
        """Keep the answer; the status is that after the gateway's rule."""
        super().__init__(text)
        self.status = _after_gateway(status, text)
        self.text = text
        self.body = body or {}
        self.headers = headers or {}
        self.is_plain = is_plain


def _after_gateway(status: int, text: str) -> int:
    words = text.lower()
    for said, becomes in (("not found", 404), ("unauthorized", 401), ("context canceled", 400)):
        if said in words:
            return becomes
    return status
