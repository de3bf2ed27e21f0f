"""`/v1/text-messages`: what the gateway tells of text messages, and what clients write to us.

The two for Twilio are not in the OpenAPI file: the forms are Twilio's.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.database.transactions import transact
from app.notifications.sms.dependencies import FromGateway, TwilioForm
from app.notifications.sms.receipts import note_receipt
from app.notifications.sms.replies import hear
from app.notifications.sms.schemas import SIGNED, IncomingText, Receipt
from app.sms.incoming import is_number, read_word
from app.sms.twilio import RECEIPTS_PATH
from app.web.dependencies import Engine, Now
from app.web.problems.catalogue import responses

router = APIRouter(prefix="/v1/text-messages", tags=["Text messages"])

_PROBLEMS = (
    "unauthorized",
    "validation-failed",
    "payload-too-large",
    "unsupported-media-type",
    "service-unavailable",
)

# Twilio's names of the states in which a message ends.
_TWILIO_ENDS = {"delivered": "delivered", "undelivered": "failed", "failed": "failed"}


@router.post(
    "/receipts",
    status_code=204,
    summary="Tell what became of a text message",
    dependencies=[FromGateway],
    openapi_extra=SIGNED,
    responses=responses(*_PROBLEMS),
)
async def receive_receipt(body: Receipt, engine: Engine, now: Now) -> Response:
    """Take a delivery receipt, signed with `SMS_SECRET` as Standard Webhooks specifies.

    A reminder that was not delivered goes by email, if it is not too late. Any other message that
    was not delivered is `failed`. An unknown id, and a receipt that comes again, change nothing.
    An installation has one gateway: its signature is enough for messages of every practice.
    """
    await transact(engine, lambda db: note_receipt(db, body.id, body.status, now))
    return Response(status_code=204)


@router.post(
    "/incoming",
    status_code=204,
    summary="Tell what a client has written",
    dependencies=[FromGateway],
    openapi_extra=SIGNED,
    responses=responses(*_PROBLEMS),
)
async def receive_text(body: IncomingText, engine: Engine, now: Now) -> Response:
    """Take a text message from a client, signed with `SMS_SECRET` as Standard Webhooks specifies.

    `STOP` ends text messages to this number, `START` restores what `STOP` has ended. Anything else
    is answered with the link to the session, if exactly one that is still to come was texted, once
    a day. A text message never cancels anything.
    """
    await transact(engine, lambda db: hear(db, body.number, read_word(body.text), now))
    return Response(status_code=204)


@router.post(RECEIPTS_PATH.removeprefix(router.prefix), status_code=204, include_in_schema=False)
async def receive_twilio_receipt(
    form: TwilioForm,
    engine: Engine,
    now: Now,
    message_id: Annotated[str, Query(alias="id", max_length=100)] = "",
) -> Response:
    """Take a status callback of Twilio, whose URL every message names."""
    status = _TWILIO_ENDS.get(form.get("MessageStatus", ""), "")
    await transact(engine, lambda db: note_receipt(db, message_id, status, now))
    return Response(status_code=204)


@router.post("/twilio/incoming", include_in_schema=False)
async def receive_twilio_text(form: TwilioForm, engine: Engine, now: Now) -> Response:
    """Take an incoming message of Twilio: give its URL to the number, or to the messaging service.

    Where Twilio itself has ended or restored the messages to a number, `OptOutType` says so.
    """
    word = read_word(form.get("OptOutType") or form.get("Body", ""))
    number = form.get("From", "")
    if is_number(number):
        await transact(engine, lambda db: hear(db, number, word, now))
    return Response("<Response/>", media_type="text/xml")
