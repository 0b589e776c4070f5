"""What a Grafana says of a dashboard, by a small server with the same answers, and what is wrong
with what is on its page."""

from collections import Counter
from collections.abc import Iterator

import pytest

from judges.grafana_api import Grafana, Refused, Seen, panel_queries, reasons, shown
from judges.grafana_stand_in import WORD, State, page, served

DASHBOARD = {
    "uid": "a",
    "templating": {"list": [{"name": "namespace"}, {"name": "app", "allValue": "[a-z]+"}]},
    "panels": [
        {"type": "row", "title": "Well-being"},
        {
            "type": "stat",
            "title": "Answers",
            "targets": [{"refId": "A", "expr": 'up{namespace=~"$namespace",app=~"$app"}'}],
        },
        {"type": "text", "title": "Answers"},
        {"type": "text", "title": ""},
    ],
}


@pytest.fixture
def server() -> Iterator[tuple[str, State]]:
    with served() as found:
        yield found


def test_a_dashboard_is_taken_and_its_queries_are_answered(server: tuple[str, State]) -> None:
    url, state = server
    grafana = Grafana(f"{url}/", WORD)
    assert grafana.load(DASHBOARD) == f"{url}/d/a/a"
    assert state.dashboards == {"a": DASHBOARD}
    assert not list(grafana.answers(DASHBOARD))


def test_who_has_no_token_is_refused(server: tuple[str, State]) -> None:
    with pytest.raises(Refused, match="401 Unauthorized"):
        Grafana(server[0]).load(DASHBOARD)


def test_a_refusal_says_why(server: tuple[str, State]) -> None:
    url, state = server
    state.wrong = "refused"
    with pytest.raises(Refused, match="400 bad dashboard data"):
        Grafana(url, WORD).load(DASHBOARD)


def test_an_error_of_a_query_is_seen_whatever_the_status(server: tuple[str, State]) -> None:
    url, state = server
    state.wrong = "query"
    assert list(Grafana(url, WORD).answers(DASHBOARD)) == ["Answers: A: parse error"]
    assert reasons({"results": {"A": {"frames": []}, "B": {"error": "b"}}}) == ["B: b"]


def test_no_server_is_a_refusal() -> None:
    with pytest.raises(Refused, match="refused"):
        Grafana("http://127.0.0.1:1").load(DASHBOARD)


def test_variables_are_asked_with_everything_chosen() -> None:
    [(title, [query])] = panel_queries(DASHBOARD)
    assert title == "Answers"
    assert query["expr"] == 'up{namespace=~".+",app=~"[a-z]+"}'


def test_panels_are_counted_by_their_titles() -> None:
    assert shown(DASHBOARD) == Counter({"Answers": 2})


def test_a_page_that_is_whole_has_no_trouble() -> None:
    seen = Seen(panels=["Answers", "Answers", ""], data=[("Answers", "No data")])
    assert not list(seen.troubles(shown(DASHBOARD), 6))


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        (Seen(panels=["Answers"]), "does not show the panel 'Answers' in 6 s"),
        (Seen(panels=["Answers"] * 2, loading=1), "still loads 1 panels after 6 s"),
        (Seen(panels=["Answers"] * 2, failed=[("Answers", "x")]), "an error at the panel"),
        (Seen(panels=["Answers"] * 2, alerts=[("", "x")]), "an alert at its head"),
        (Seen(panels=["Answers"] * 2, data=[("Answers", "x")]), "cannot draw the panel"),
    ],
)
def test_what_is_wrong_with_a_page_is_said(seen: Seen, says: str) -> None:
    [said] = seen.troubles(shown(DASHBOARD), 6)
    assert says in said


def test_a_title_is_text_on_a_page() -> None:
    panels = [{"type": "text", "title": "a</script><b>"}]
    text = page({**DASHBOARD, "panels": panels}, "")
    assert "<b>" not in text
    assert text.count("</script>") == 1
