from collections.abc import Iterator

import pytest

from tests.support.secret_servers import Postgres, running_postgres


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    with running_postgres(tmp_path_factory.mktemp("pg")) as server:
        yield server
