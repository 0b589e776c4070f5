"""What the judge `accept` shows of what is said, and what it makes of the samples."""

import pytest

from harness.processes import Failed
from judges import accept_platform, accept_typed
from judges.accept_typed import BEGIN, END

LINES = ["$ a \\", "  --b |", "  c", "said", "$ d &", "{…}   "]
PAGE = f"# Title\n\n{BEGIN}\n{END}\n\nMore.\n"


def test_an_answer_is_shown_with_the_keys_that_are_kept() -> None:
    answer = {"id": 7, "choices": [{"message": {"content": "Rot, grün und “blau”.", "role": "x"}}]}
    shown = accept_typed.shortened(answer, ("choices", "message", "content"))
    assert shown == '{"choices":[{"message":{"content":"Rot, grün und “blau”.",…}}],…}'


def test_a_long_text_is_cut() -> None:
    shown = accept_typed.shortened({"a": "x" * 1000}, ("a",))
    assert shown == '{"a":"' + "x" * accept_typed.SHOWN + '…"}'


def test_what_is_no_json_is_said() -> None:
    with pytest.raises(Failed, match="404 page not found"):
        accept_typed.only("a")("404 page not found\n")


def test_commands_are_read_with_the_lines_in_which_they_go_on() -> None:
    assert accept_typed.commands_of(LINES) == ["a \\\n  --b |\n  c", "d &"]


def test_a_page_has_the_transcript_that_was_written_last() -> None:
    once = accept_typed.written(PAGE, ["$ other"])
    page = accept_typed.written(once, LINES)
    assert page == (
        f"# Title\n\n{BEGIN}\n\n```text\n$ a \\\n  --b |\n  c\nsaid\n$ d &\n{{…}}\n```\n\n"
        f"{END}\n\nMore.\n"
    )
    typed = accept_typed.commands_of(LINES)
    assert accept_typed.differences(page, typed) == []
    assert len(accept_typed.differences(once, typed)) == 3
    assert accept_typed.differences(page, typed[::-1])


def test_whichever_form_of_the_builder_is_typed_is_shown() -> None:
    page = accept_typed.written(PAGE, ["$ kustomize build a | b"])
    assert accept_typed.differences(page, ["kubectl kustomize a | b"]) == []


@pytest.mark.parametrize("page", ["", PAGE + PAGE, PAGE.replace(END, "")])
def test_a_page_without_both_marks_is_not_written(page: str) -> None:
    with pytest.raises(ValueError, match="no lines"):
        accept_typed.written(page, LINES)


def test_a_line_that_would_end_the_block_is_refused() -> None:
    with pytest.raises(ValueError, match="end its block"):
        accept_typed.written(PAGE, ["```"])


def test_an_image_has_the_user_and_the_program_of_its_file() -> None:
    text = '# USER 1\nFROM scratch\nCOPY a /\nUSER 65532:65532\nENTRYPOINT ["/a"]\n'
    assert accept_platform.settings(text) == {"User": "65532:65532", "Entrypoint": ["/a"]}


def test_prompts_are_models_of_every_model() -> None:
    spec = {
        "models": ["smollm2", "gemma2:2b"],
        "patterns": ["code"],
        "prompts": [{"name": "brief", "system": "You answer briefly."}],
    }
    assert accept_platform.served(spec) == [
        "gemma2:2b",
        "gemma2:2b-brief",
        "gemma2:2b-code",
        "smollm2:latest",
        "smollm2:latest-brief",
        "smollm2:latest-code",
    ]


def test_the_samples_are_those_that_are_described() -> None:
    wanted = {"aichat-sample", "team-a-aichat"}
    assert {it["spec"]["workspaceName"] for it in accept_platform.formers()} == wanted
