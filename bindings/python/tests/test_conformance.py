"""The shared vectors: the output equals that of the other APIs."""

import json

import pytest

import gettickets
from conftest import BODIES, ROOT


def name(path):
    return f"{path.parent.name}/{path.name}"


def outcome(body):
    try:
        return f"reply {gettickets.decode(body).to_json()}"
    except gettickets.ApiError as error:
        message = {} if error.message is None else {"message": error.message}
        fields = {"result": "error", **message}
        return "reply " + json.dumps(fields, separators=(",", ":"), ensure_ascii=False)
    except (gettickets.DecodeError, gettickets.UnexpectedResponseError, gettickets.TooLargeError) as error:
        return f"refused {error.code}"


def test_the_conformance_output_is_the_shared_one():
    lines = sorted(f"{name(path)}\t{outcome(path.read_bytes())}\n".encode() for path in BODIES)
    assert b"".join(lines) == (ROOT / "tests" / "conformance" / "expected.txt").read_bytes()


def expectations():
    for path in BODIES:
        expected = json.loads(path.with_name(path.stem + ".expected.json").read_text("utf-8"))
        yield pytest.param(path, expected, id=name(path))


@pytest.mark.parametrize(("path", "expected"), list(expectations()))
def test_findings_and_versions_are_converted(path, expected):
    try:
        page = gettickets.decode(path)
    except gettickets.ApiError as error:
        assert error.code == expected["error_class"]
    except gettickets.Error as error:
        wanted = expected["error"]
        found = {
            "kind": error.code,
            "offset": getattr(error, "offset", None),
            "path": getattr(error, "path", None),
            "excerpt": getattr(error, "excerpt", None),
            "title": getattr(error, "title", None),
        }
        for key in found.keys() & wanted.keys():
            if isinstance(error, gettickets.DecodeError) or key not in {"offset", "path"}:
                assert found[key] == wanted[key], key
    else:
        found = {(finding.code, finding.field, finding.places) for finding in page.findings}
        assert found == {
            (finding["code"], finding.get("field"), tuple(finding["places"]))
            for finding in expected.get("findings", [])
        }
        assert str(page.detected_version) == expected["detected_version"]
        if expected["strict"]:
            assert gettickets.decode(path, strict=True) == page
        else:
            with pytest.raises(gettickets.DecodeError) as refused:
                gettickets.decode(path, strict=True)
            assert refused.value.code == "strict"
