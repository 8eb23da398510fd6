"""Personal data: found by rules, and masked, pseudonymised, generalised, or reason enough to drop a document."""

from data_tools.privacy.policy import (
    ACTIONS,
    DOMAINS,
    GENERAL_KINDS,
    KINDS,
    PLACEHOLDERS,
    RECOGNISED_KINDS,
    Policy,
    Recogniser,
    policy_for,
)
from data_tools.privacy.replacing import find_personal_data, replace_personal_data
from data_tools.privacy.spans import Span

__all__ = [
    "ACTIONS",
    "DOMAINS",
    "GENERAL_KINDS",
    "KINDS",
    "PLACEHOLDERS",
    "RECOGNISED_KINDS",
    "Policy",
    "Recogniser",
    "Span",
    "find_personal_data",
    "policy_for",
    "replace_personal_data",
]
