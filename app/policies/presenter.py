"""Present policy versions."""

from datetime import UTC

from app.policies.records import PolicyVersionRecord, Resolution
from app.policies.schemas import PolicyVersionView, ResolvedPolicy
from app.texts.catalogue import Texts


def present_policy(record: PolicyVersionRecord) -> PolicyVersionView:
    """Present one version, with times in UTC."""
    return PolicyVersionView(
        id=record.id,
        level=record.level,
        service_id=record.service_id,
        practitioner_id=record.practitioner_id,
        version=record.number,
        text=record.text,
        rules=record.rules,
        created_at=record.created_at.astimezone(UTC),
    )


def present_resolution(found: Resolution, texts: Texts) -> ResolvedPolicy:
    """Present the version that applies, and why, in the reader's language."""
    version = found.applies
    return ResolvedPolicy(
        policy=None if version is None else present_policy(version),
        level="none" if version is None else version.level.value,
        reason=" ".join(texts.explain(reason) for reason in found.reasons),
    )
