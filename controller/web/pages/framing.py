"""The frame around each page."""

from starlette.requests import Request

from controller import __version__
from controller.web.contexts import Frame
from controller.web.site import Site


def frame(site: Site, request: Request | None, title: str, *, refresh: int = 0) -> Frame:
    """Give the frame of a page; without a request that of a page which tells of a failure."""
    session = site.session(request) if request else None
    return Frame(
        title=title,
        path=local_path(request) if request else "/",
        now=site.app.now(),
        session=session,
        version=__version__ if session else "",
        notices=session.take_notices() if session else (),
        refresh=refresh,
    )


def local_path(request: Request) -> str:
    """Give the path and the query of a request."""
    query = request.url.query
    return request.url.path + (f"?{query}" if query else "")


def is_local(path: str) -> bool:
    """Tell whether a path leads to a page of ours and nowhere else."""
    return (
        path.startswith("/")
        and not path.startswith(("//", "/\\"))
        and path.isprintable()
        and "\\" not in path
    )
