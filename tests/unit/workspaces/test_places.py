"""Places of a plan: in whatever order things are done, nobody gets more, and no place is promised twice."""

from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from app.db.models import Plan, Role
from app.domain.subscriptions.entitlement import Entitlement
from app.domain.workspaces.quotas import Places, Share, require_fitting
from app.lib.errors import DomainError
from app.lib.ids import uuid7

PEOPLE = 4
PLANS = {limit: Plan(code="own", workspace_limit=limit) for limit in (None, *range(1, 9))}
Step = tuple[str, int, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["create", "create", "create", "delete", "quota", "no quota", "plan", "leave"]),
        st.integers(0, PEOPLE - 1),
        st.integers(0, 8),
    ),
    max_size=40,
)


class Company:
    """A company's members with their quotas and workspaces, as the database would hold them."""

    def __init__(self) -> None:
        self.limit: int | None = 5
        self.ids: list[UUID] = [uuid7() for _ in range(PEOPLE)]
        self.quotas: dict[UUID, int | None] = dict.fromkeys(self.ids)
        self.used: dict[UUID, int] = dict.fromkeys(self.ids, 0)
        self.being_deleted = 0
        """Of people who have left: their workspaces hold their places until the files are gone."""

    @property
    def places(self) -> Places:
        shares = [
            Share(one, one, "Ada", Role.DEVELOPER, self.quotas[one], self.used[one]) for one in self.ids
        ]
        return Places(
            Entitlement(PLANS[self.limit], True), sum(self.used.values()) + self.being_deleted, tuple(shares)
        )

    def take(self, step: Step) -> None:
        """Do one thing, or have it refused."""
        what, number, amount = step
        person = self.ids[number]
        share = self.places.share_of(person)
        assert share is not None
        match what:
            case "create":
                self.places.room_for(person).require()
                self.used[person] += 1
            case "delete":
                self.used[person] = max(0, self.used[person] - 1)
            case "quota":
                require_fitting(self.places, share, amount)
                self.quotas[person] = amount
            case "no quota":
                self.quotas[person] = None
            case "plan":
                self.limit = amount or None
            case "leave":
                self.being_deleted += self.used[person]
                self.used[person], self.quotas[person] = 0, None
                self.being_deleted -= min(self.being_deleted, amount)


@given(STEPS)
@settings(max_examples=60, deadline=None)
def test_no_order_of_things_gives_anybody_more_than_there_is(steps: list[Step]) -> None:
    company = Company()
    for step in steps:
        before = company.places
        try:
            company.take(step)
        except DomainError:
            assert company.places == before, "a refusal changes nothing"
            continue
        after = company.places
        for share in after.shares:
            assert share.quota is None or share.used <= share.quota
        if step[0] in ("create", "quota") and after.limit is not None:
            assert after.used <= after.limit or step[0] == "quota"
            assert after.excess <= before.excess
            quotas = sum(share.quota or 0 for share in after.shares)
            assert quotas <= after.limit or quotas < sum(share.quota or 0 for share in before.shares)
        if step[0] != "plan":
            assert after.excess <= before.excess, "only a smaller plan takes more than there is"


@given(STEPS)
@settings(max_examples=60, deadline=None)
def test_a_reserved_place_is_there_when_its_person_wants_it(steps: list[Step]) -> None:
    company = Company()
    for step in steps:
        try:
            company.take(step)
        except DomainError:
            continue
        places = company.places
        if places.excess:
            continue
        for share in places.shares:
            room = places.room_for(share.user_id)
            assert (room.refusal is None) == (room.left != 0)
            if share.reserved:
                assert room.left == share.reserved
            elif share.quota is None:
                assert room.left == places.free


@given(STEPS)
@settings(max_examples=60, deadline=None)
def test_the_largest_quota_a_page_offers_is_taken_and_one_more_is_not(steps: list[Step]) -> None:
    company = Company()
    for step in steps:
        try:
            company.take(step)
        except DomainError:
            continue
    places = company.places
    for share in places.shares:
        largest = places.largest_quota(share)
        if largest is None or places.excess:
            continue
        require_fitting(places, share, largest)
        assert refused(places, share, largest + 1)


def test_whoever_is_no_member_has_no_room() -> None:
    room = Company().places.room_for(uuid7())
    assert room.left == 0
    assert room.refusal is not None


def refused(places: Places, share: Share, quota: int) -> bool:
    try:
        require_fitting(places, share, quota)
    except DomainError:
        return True
    return False
