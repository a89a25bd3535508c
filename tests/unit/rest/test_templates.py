import pytest

from pointsman.rest.problems import FieldError
from pointsman.rest.transcoding.templates import TemplateError, parse_template


@pytest.mark.parametrize(
    ("template", "path", "found"),
    [
        ("/v1/routers", "/v1/routers", {}),
        ("/v1/routers", "/v1/routers/", None),
        ("/v1/routers/{id}", "/v1/routers/a", {"id": "a"}),
        ("/v1/routers/{id}", "/v1/routers/a/b", None),
        ("/v1/routers/{id}", "/v1/routers/", None),
        ("/v1/routers/{id}/deploy", "/v1/routers/a/deploy", {"id": "a"}),
        ("/v1/{a.b}/x/{c}", "/v1/1/x/2", {"a.b": "1", "c": "2"}),
        ("/v1/{name=shelves/*}/books", "/v1/shelves/7/books", {"name": "shelves/7"}),
        ("/v1/{name=shelves/*}/books", "/v1/racks/7/books", None),
        ("/v1/{name=**}", "/v1/a/b/c", {"name": "a/b/c"}),
        ("/v1/*/x", "/v1/any/x", {}),
        ("/v1/{id}:stop", "/v1/a:stop", {"id": "a"}),
        ("/v1/{id}:stop", "/v1/a", None),
        ("/v1/a.b-c/{id}", "/v1/aXb-c/1", None),
        ("/v1/entities/{id}", "/v1/entities/a%2Fb%20%C3%A9", {"id": "a/b é"}),
    ],
)
def test_a_path_is_read_as_its_template_says(template: str, path: str, found: dict[str, str] | None) -> None:
    assert parse_template(template).match(path) == found


@pytest.mark.parametrize("template", ["v1/x", "/v1/{", "/v1/{a}/{a}", "/v1/{A}", "/v1/a b", "/v1/{a=}"])
def test_what_is_no_template_is_refused(template: str) -> None:
    with pytest.raises(TemplateError):
        parse_template(template)


def test_literals_come_before_variables_and_one_segment_before_several() -> None:
    texts = ["/p/{a=**}", "/p/{a}", "/p/{a}:stop", "/p/unmatched"]
    ranked = sorted(texts, key=lambda text: parse_template(text).rank)
    assert ranked == ["/p/unmatched", "/p/{a}:stop", "/p/{a}", "/p/{a=**}"]


def test_a_path_that_is_no_utf_8_is_refused_with_its_variable() -> None:
    with pytest.raises(FieldError, match="id: the path is not valid UTF-8"):
        parse_template("/v1/{id}").match("/v1/%FF")
