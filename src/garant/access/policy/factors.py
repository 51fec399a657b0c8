"""What the second step of a login is, for this person in this tenant. Pure (ASO-18, ASO-19).

- Whoever has a factor is asked for it, whatever the rule: a factor that can be walked around is none.
- Rule `required`: whoever has none sets one up before the login is complete.
- Rule `recommended`: whoever has none is urged to, and may go on.
"""

from enum import StrEnum

from garant.access.policy.settings import FactorRule


class Step(StrEnum):
    """What comes after the password."""

    CHALLENGE = "challenge"
    ENROL = "enrol"
    URGE = "urge"
    PASS = "pass"


def decide_factor(rule: FactorRule, *, enrolled: bool) -> Step:
    """The step for a person whose password was right."""
    if enrolled:
        return Step.CHALLENGE
    return {FactorRule.REQUIRED: Step.ENROL, FactorRule.RECOMMENDED: Step.URGE, FactorRule.OFF: Step.PASS}[rule]


def may_remove(rule: FactorRule) -> bool:
    """Whether a person may give up their factor by themselves."""
    return rule is not FactorRule.REQUIRED
