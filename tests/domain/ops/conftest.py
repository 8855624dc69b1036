"""Who decides in these tests."""

import pytest
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.domain.accounts.operators import Operator
from tests.factories import make_operator


@pytest.fixture
async def operator(session_maker: async_sessionmaker[AsyncSession]) -> Operator:
    """An operator of the service."""
    return Operator((await make_operator(session_maker)).user)
