//! The page: its files, the headers that they have, and what stands in them.

use std::net::IpAddr;

use axum::body::Body;
use http::{Method, Request};
use tower::ServiceExt as _;

use super::server::{Ask, Server};
use crate::serve::{
    connections::Peer,
    operations::routes,
    page::{FILES, POLICY},
    problem::KINDS,
    state::Bounds,
};

/// Its files that end so.
fn texts(end: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let own = FILES.iter().filter(move |it| it.path.ends_with(end));
    own.map(|it| (it.path, it.text))
}

#[tokio::test]
async fn everybody_has_its_files() {
    let server = Server::new();
    for file in FILES {
        let answer = server.ask(Ask::get(file.path).by("")).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, file.text), "{}", file.path);
        for (header, value) in [
            ("content-type", file.media_type),
            ("content-security-policy", POLICY),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cache-control", "no-cache"),
        ] {
            assert_eq!(answer.header(header), value, "{}", file.path);
        }
        let tag = answer.header("etag").to_owned();
        let head = server.ask(Ask::new(Method::HEAD, file.path).by("")).await;
        assert_eq!((head.status, head.text.as_str(), head.header("etag")), (200, "", &*tag));
        let same = server.ask(Ask::get(file.path).by("").header("if-none-match", &tag)).await;
        assert_eq!((same.status, same.text.as_str(), same.header("etag")), (304, "", &*tag));
        let other = server.ask(Ask::get(file.path).by("").header("if-none-match", "\"a\"")).await;
        assert_eq!(other.status, 200);
        let post = server.ask(Ask::new(Method::POST, file.path).by("")).await;
        assert_eq!((post.status, post.header("allow")), (405, "GET"), "{}", file.path);
    }
    assert!(server.state().requests.is_empty(), "the API server is asked nothing");
}

async fn from(server: &Server, path: &str) -> u16 {
    let peer: IpAddr = "192.0.2.7".parse().expect("an address");
    let request = Request::get(path).extension(Peer(peer)).body(Body::empty());
    let answer = server.router.clone().oneshot(request.expect("a request")).await;
    answer.expect("an answer").status().as_u16()
}

/// Loading the page, twice, leaves what one may ask of the API as it was; asking for it without end
/// is refused.
#[tokio::test(start_paused = true)]
async fn its_files_have_bounds_of_their_own() {
    let server = Server::with(Bounds { rate: 1, burst: 3, trusted: Vec::new() }, None, true);
    for _ in 0..2 {
        for file in FILES {
            assert_eq!(from(&server, file.path).await, 200, "{}", file.path);
        }
    }
    assert_eq!(from(&server, "/openapi.json").await, 429);
    assert_eq!(from(&server, "/page.css").await, 429);
    assert_eq!(from(&server, "/livez").await, 200);
    assert_eq!(from(&server, "/v1/workspaces").await, 401);
}

#[test]
fn its_policy_lets_nothing_in() {
    let directives: Vec<&str> = POLICY.split("; ").collect();
    for wanted in [
        "default-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    ] {
        assert!(directives.contains(&wanted), "{wanted}");
    }
    for open in ["unsafe", "*", "data:", "blob:", "http", "nonce", "sha256"] {
        assert!(!POLICY.contains(open), "{open}");
    }
}

/// The tags of a text of markup: what stands between `<` and `>`.
fn tags(text: &str) -> impl Iterator<Item = &str> {
    text.split('<').skip(1).map(|it| it.split('>').next().unwrap_or_default())
}

#[test]
fn its_markup_runs_nothing_and_loads_nothing_from_elsewhere() {
    let (mut scripts, mut looked) = (0, 0);
    for (path, text) in texts("/").chain(texts(".svg")) {
        assert!(!text.contains("</script>") || text.contains("></script>"), "{path}");
        for tag in tags(text) {
            looked += 1;
            let name = tag.split_ascii_whitespace().next().unwrap_or_default();
            assert!(!["style", "iframe", "object", "embed", "base"].contains(&name), "{tag}");
            let mut attributes = tag.split_ascii_whitespace().skip(1);
            let is_inline = |it: &str| it.starts_with("on") || it.starts_with("style");
            assert!(name.starts_with('!') || !attributes.any(is_inline), "{path}: {tag}");
            for (at, word) in tag.match_indices("src=\"").chain(tag.match_indices("href=\"")) {
                let place = tag[at + word.len()..].split('"').next().unwrap_or_default();
                let is_own = place.starts_with('#') || FILES.iter().any(|it| it.path == place);
                assert!(is_own, "{path}: {tag}");
            }
            scripts += usize::from(name == "script" && tag.contains("src=\""));
            assert!(name != "script" || tag.contains("src=\""), "{path}: {tag}");
        }
    }
    assert_eq!((scripts, looked > 20), (1, true));
}

#[test]
fn its_scripts_write_texts_and_no_markup_and_keep_nothing() {
    for (path, text) in texts(".js") {
        for word in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
            "localStorage",
            "sessionStorage",
            "indexedDB",
            "cookie",
            "console.",
            ".style",
        ] {
            assert!(!text.contains(word), "{path} has {word}");
        }
        let lines = text.lines().count();
        assert!(lines <= 500 && text.lines().all(|it| it.chars().count() <= 100), "{path}");
        assert!(text.starts_with("// ") && text.ends_with('\n'), "{path}");
    }
    for (path, text) in texts(".css") {
        assert!(!text.contains("url(") && !text.contains("@import"), "{path}");
        assert!(text.starts_with("/* "), "{path}");
    }
}

/// What a script imports is a file of the page, and every file of the page is used.
#[test]
fn its_scripts_are_all_there() {
    let mut used = vec!["/", "/page.js", "/page.css", "/page.svg"].into_iter().map(str::to_owned);
    let mut used: Vec<String> = used.by_ref().collect();
    for (path, text) in texts(".js") {
        for imported in text.split(" from \"").skip(1).filter_map(|it| it.split('"').next()) {
            let name = imported.rsplit('/').next().unwrap_or_default();
            let place = format!("/page/{name}");
            let beside = if path == "/page.js" { "./page/" } else { "./" };
            assert_eq!(imported, format!("{beside}{name}"), "{path}");
            assert!(FILES.iter().any(|it| it.path == place), "{path}: {imported}");
            used.push(place);
        }
    }
    for file in FILES {
        assert!(used.iter().any(|it| it == file.path), "nobody asks for {}", file.path);
    }
}

/// One module asks the API, and only what the API has.
#[test]
fn its_scripts_ask_for_what_there_is() {
    let mut asked = 0;
    for (path, text) in texts(".js") {
        if path != "/page/api.js" {
            assert!(!text.contains("/v1/") && !text.contains("fetch("), "{path}");
            continue;
        }
        for line in text.lines().filter(|it| it.contains("\"/v1/")) {
            let words: Vec<&str> = line.split('"').collect();
            let [_, method, _, template, _] = words[..] else { panic!("{line}") };
            let is_there = |it: &crate::serve::operations::Route| {
                it.method.as_str() == method && it.path == template
            };
            assert!(routes().iter().any(is_there), "{line}");
            asked += 1;
        }
        assert_eq!(text.matches("/v1/").count(), asked, "each in a line of its own");
    }
    assert_eq!(asked, 9);
}

/// No problem has a text of its own in the page: those that come later are told as well.
#[test]
fn its_scripts_tell_every_problem_in_its_own_words() {
    for (path, text) in texts(".js") {
        for kind in KINDS.iter().filter(|it| it.code != "overloaded") {
            assert!(!text.contains(kind.code), "{path} knows {}", kind.code);
        }
    }
}
