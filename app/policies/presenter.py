"""Present policy versions."""

from datetime import UTC

from app.policies.commands import NewVersion
from app.policies.proof_presenter import present_proof
from app.policies.records import PolicyVersionRecord, Resolution
from app.policies.schemas import NewPolicyVersion, PolicyVersionView, ResolvedPolicy
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


def present_new_policy(new: NewVersion, texts: Texts) -> NewPolicyVersion:
    """Present an added version, with what its rules say in the reader's language."""
    proof = None if new.proof is None else present_proof(new.proof, texts)
    return NewPolicyVersion(**dict(present_policy(new.version)), proof=proof)


def present_resolution(found: Resolution, texts: Texts) -> ResolvedPolicy:
    """Present the version that applies, and why, in the reader's language."""
    version = found.applies
    return ResolvedPolicy(
        policy=None if version is None else present_policy(version),
        level="none" if version is None else version.level.value,
        reason=" ".join(texts.explain(reason) for reason in found.reasons),
    )
