"""What a template adds to a Secret: URLs with a password, and texts that are no secret."""

from judges.sealing_checks import composed_findings


def found(template: str, data: bytes) -> list[str]:
    value = {"spec": {"template": {"data": {"key": template}}}}
    return composed_findings(value, {"key": data, "password": b"a/b"})


def test_a_url_keeps_its_parts() -> None:
    template = "postgresql://chat:{{ .password | urlquery }}@db:5432/chat"
    assert found(template, b"postgresql://chat:a%2Fb@db:5432/chat") == []
    assert found(template, b"postgresql://chat:a/b@db:5432/chat")


def test_a_text_is_the_templates_own() -> None:
    assert found("a certificate\n", b"a certificate\n") == []
    assert found("a certificate\n", b"a certificate")
    assert found("a certificate\n", b"")


def test_what_is_neither_is_not_known() -> None:
    assert found("{{ .password }}", b"a")
