"""Signed deliveries in."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DBAPIError

from connectors.errors import BadDelivery, BadSignature, Ping, UnknownPlatform
from integration.services import intake
from integration.services.shops import StoreAway
from integration.web.arrivals import begin, count, note
from integration.web.errors import answer
from integration.web.services import services

bp = Blueprint("webhooks", __name__, url_prefix="/webhooks")
bp.before_request(begin)
bp.after_request(count)


@bp.post("/<platform>")
@bp.post("/<platform>/<external_id>")
def receive(platform: str, external_id: str = "") -> ResponseReturnValue:
    """Keep a delivery, then answer. The route knows nothing of the platform.

    external_id: the shop, where its headers don't name it; else any word, such as "compliance".
    """
    here = services()
    try:
        receipt = intake.receive(
            here.database,
            here.connected,
            platform=platform,
            external_id=external_id,
            headers=dict(request.headers),
            body=request.get_data(),
            now=here.clock(),
            app_secrets=intake.app_secrets(here.settings, platform),
        )
    except UnknownPlatform as error:
        return answer(404, "unknown_platform", str(error))
    except Ping:
        return "", 200
    except BadSignature:
        return answer(401, "bad_signature", "the body is not signed with a secret of this shop")
    except BadDelivery as error:
        return answer(400, "bad_delivery", str(error))
    except (DBAPIError, StoreAway):
        return answer(503, "try_again", "the delivery could not be kept just now; send it again")
    note(receipt)
    if receipt.waits and receipt.shop_id is not None:
        here.drain(receipt.shop_id)
    return "", 200
