"""`/v1/waivers`: the page behind the link with which a practitioner answers a client's question."""

from fastapi import APIRouter, Response

from app.fees.presenter import present_opened_waiver, waiver_answer
from app.fees.queries import read_fee
from app.fees.waiver_access import check_waiver_link
from app.fees.waiver_dependencies import ByWaiverLink, WaiverSigner, WaiverWriting
from app.fees.waiver_schemas import (
    AnswerRequest,
    OpenedWaiver,
    OpenWaiverRequest,
    WaiverAnswer,
)
from app.fees.waiving import grant_by_link, uphold_by_link
from app.identity.queries import read_practice
from app.sessions.client_api.problems import WRITE_PROBLEMS
from app.web.dependencies import Now, Reading
from app.web.problems.catalogue import responses
from app.web.responses import json_answer
from app.web.types import RecordId

router = APIRouter(prefix="/v1/waivers", tags=["Waivers"])


@router.post(
    "/open",
    summary="Open the link of a waiver",
    response_model=OpenedWaiver,
    responses=responses(
        "link-invalid",
        "link-expired",
        "validation-failed",
        "payload-too-large",
        "unsupported-media-type",
        "service-unavailable",
    ),
)
async def open_waiver_link(
    body: OpenWaiverRequest, waivers: WaiverSigner, now: Now, db: Reading
) -> Response:
    """Show what the client asks. This changes nothing, and works any number of times.

    To answer, send the same token as `Authorization: Bearer …` with `grant` or `uphold`, after a
    person's click. Whoever holds the link can answer.
    """
    link = waivers.read(body.token)
    await check_waiver_link(db, link)
    fee = await read_fee(db, link.practice_id, link.fee_id)
    practice = await read_practice(db, link.practice_id)
    return json_answer(present_opened_waiver(fee, practice, now))


@router.post(
    "/{fee_id}/grant",
    summary="Waive the fee of a waiver's link",
    response_model=WaiverAnswer,
    responses=responses(*WRITE_PROBLEMS, "fee-not-due"),
)
async def grant_waiver(
    fee_id: RecordId, body: AnswerRequest, caller: ByWaiverLink, now: Now, write: WaiverWriting
) -> Response:
    """Waive the fee: the client no longer owes it, and is told by email. Repeating does nothing.

    A question that has ended otherwise is `fee-not-due`.
    """
    return await write(
        lambda db: grant_by_link(db, caller, fee_id, message=body.message, now=now),
        lambda closed: waiver_answer(closed, now),
    )


@router.post(
    "/{fee_id}/uphold",
    summary="Let the fee of a waiver's link stand",
    response_model=WaiverAnswer,
    responses=responses(*WRITE_PROBLEMS, "fee-not-due"),
)
async def uphold_waiver(
    fee_id: RecordId, body: AnswerRequest, caller: ByWaiverLink, now: Now, write: WaiverWriting
) -> Response:
    """Let the fee stand: the client is told by email. Repeating does nothing.

    A question that has ended otherwise is `fee-not-due`.
    """
    return await write(
        lambda db: uphold_by_link(db, caller, fee_id, message=body.message, now=now),
        lambda closed: waiver_answer(closed, now),
    )
