//! `verify`: it asks as a browser does, shows what the model read, and sends the password to the
//! right server only.

use std::{
    fs,
    io::{Seek as _, Write as _},
    process::Command,
    time::{Duration, Instant},
};

use espalier::{diag::plain, emit::bootstrap};

use super::{
    node::{Done, Node},
    runs::up,
};

/// A node that is up, with a chat that gives this answer; `events` are what comes through the
/// socket, one line each.
fn chat(events: &str) -> Node {
    let node = up()
        .with("ESPALIER_EMAIL", "a@example.org")
        .with("ESPALIER_PASSWORD", "hush \"quoted\" \\ word");
    node.write("fake/web/signin", r#"{"id": "7", "token": "eyJ.hush-jwt.x", "role": "admin"}"#);
    node.write(
        "fake/web/models",
        r#"{"data": [{"id": "other:7b"}, {"id": "llama3.2:1b", "name": "x"}]}"#,
    );
    node.write("fake/web/events", events);
    node
}

/// The last event of an answer, as Open WebUI sends it.
fn last(text: &str, usage: &str) -> String {
    let output = format!(
        r#"[{{"type":"reasoning","content":[{{"type":"output_text","text":"let me think"}}]}},{{"type":"message","id":"m","role":"assistant","content":[{{"type":"output_text","text":"{text}"}}]}}]"#
    );
    format!(
        r#"{{"type":"chat:completion","data":{{"usage":{{}}}}}}
{{"type":"status","data":{{"description":"x","done":true}}}}
{{"type":"chat:completion","data":{{"done":true,"output":{output},"title":"","usage":{{{usage}}}}}}}
"#
    )
}

/// Runs `verify`, which has to end with 1 and this sentence.
#[track_caller]
fn fails(node: &Node, said: &str) -> Done {
    let done = node.run(&["verify"]);
    assert!(done.code == Some(1) && done.err.contains(said), "{said}\n{}\n{}", done.out, done.err);
    assert!(!format!("{}{}", done.out, done.err).contains("hush"));
    done
}

#[test]
fn it_asks_through_the_socket_and_shows_the_answer() {
    let node = chat(&last(
        r#"Red, \"green\"\nand blau: \u00e9."#,
        r#""prompt_tokens":16,"response_token/s":12.5"#,
    ));
    let done = node.ok(&["verify"]);
    assert!(done.out.contains("answered: Red, \"green\" and blau: é."), "{}", done.out);
    assert!(
        done.out.contains("12.5 tokens a second, with 16 tokens read (at most 200)"),
        "{}",
        done.out
    );
    let sent: serde_yaml::Value =
        serde_yaml::from_str(&node.read("fake/sent.signin")).expect("JSON");
    assert_eq!(sent["password"], "hush \"quoted\" \\ word");
    assert_eq!(
        node.read("fake/sent.header"),
        "header = \"Authorization: Bearer eyJ.hush-jwt.x\"\n"
    );
    assert!(!format!("{}{}{}", done.out, done.err, node.read("fake/log")).contains("hush"));
    assert_eq!(node.read("fake/wrong"), "");

    // The socket is opened as a page of the platform opens it, and the question belongs to that
    // session.
    let upgrade = node.read("fake/sent.upgrade");
    for line in [
        "GET /ws/socket.io/?EIO=4&transport=websocket HTTP/1.1",
        "Host: chat.example.org",
        "Origin: https://chat.example.org",
    ] {
        assert!(upgrade.lines().any(|it| it == line), "{line}:\n{upgrade}");
    }
    let sent: serde_yaml::Value =
        serde_yaml::from_str(&node.read("fake/sent.completions")).expect("JSON");
    assert_eq!(sent["session_id"], "Se5-sion_1");
    assert_eq!(sent["chat_id"], "local:Se5-sion_1");
    assert_eq!(sent["stream"], true);
    assert_eq!(sent["id"].as_str().map(str::len), Some(36));

    // What went through it, byte by byte: the answer to a ping carries the bytes of the ping,
    // including a zero byte.
    let told = fs::read(node.path("fake/sent.socket")).expect("it was told something");
    let join = r#"420["user-join",{"auth":{"token":"eyJ.hush-jwt.x"}}]"#;
    let connect = r#"40{"token":"eyJ.hush-jwt.x"}"#;
    let mut whole = Vec::new();
    for (kind, bytes) in
        [(1, connect.as_bytes()), (10, b"a\0\n\xff"), (1, b"3"), (1, join.as_bytes())]
    {
        whole.extend([0x80 | kind, 0x80 | u8::try_from(bytes.len()).expect("short"), 0, 0, 0, 0]);
        whole.extend(bytes);
    }
    assert_eq!(told, whole, "{}", String::from_utf8_lossy(&told));

    node.write(
        "fake/web/events",
        last("Blue", r#""prompt_tokens":200,"eval_count":30,"eval_duration":2000000000"#),
    );
    assert!(node.ok(&["verify"]).out.contains("15.0 tokens a second, with 200 tokens read"));
}

/// Text that a browser's question brings along is noticed, whatever the answer looks like.
#[test]
fn a_prompt_with_tools_is_refused() {
    let node =
        chat(&last("Red, green and blue.", r#""prompt_tokens":3334,"response_token/s":12.5"#));
    let done = fails(
        &node,
        "the model read 3334 tokens for a question of three words, and 200 are the most",
    );
    assert!(done.err.contains("tools are sent with each question"), "{}", done.err);
    node.write("fake/web/events", last("Red.", r#""prompt_tokens":201"#));
    fails(&node, "the model read 201 tokens");
    node.write("fake/web/events", last("Red.", r#""completion_tokens":3"#));
    fails(&node, "does not say how many tokens");
}

#[test]
fn who_does_not_answer_is_named() {
    let dead = r#"{"type":"chat:message:error","data":{"error":{"content":"llama-server process has terminated: signal: killed"},"done":true}}"#;
    let node = chat(&format!("{dead}\n"));
    fails(&node, "no answer from llama3.2:1b: llama-server process has terminated");
    node.write(
        "fake/web/events",
        "{\"type\":\"chat:completion\",\"data\":{\"error\":{\"message\":\"does not support \
         tools\"}}}\n",
    );
    fails(&node, "does not support tools");
    node.write("fake/web/events", last(" ", r#""prompt_tokens":16"#));
    fails(&node, "no answer from llama3.2:1b");
    // The stream ends in the middle.
    node.write("fake/web/events", "{\"type\":\"chat:completion\",\"data\":{\"usage\":{}}}\n");
    let node = node.with("HANG_UP", "1");
    fails(&node, "the socket ended");
    let node = node.with("MUTE", "1");
    fails(&node, "nobody speaks socket.io on it");
    node.write("fake/web/upgrade", "HTTP/1.1 403 Forbidden");
    fails(
        &node,
        "the socket at https://chat.example.org/ws/socket.io/?EIO=4&transport=websocket is \
         refused: HTTP/1.1 403",
    );
    node.write(
        "fake/web/models",
        r#"{"data": [{"id": "llama3.2:1b-instruct"}, {"id": "llama3x2:1b"}]}"#,
    );
    fails(&node, "does not offer llama3.2:1b: it offers llama3.2:1b-instruct llama3x2:1b");
    node.write("fake/web/models", r#"{"data": []}"#);
    fails(&node, "no model at all: Ollama does not answer it");
    node.write("fake/web/signin", r#"{"detail": "wrong"}"#);
    fails(&node, "got no token");
}

#[test]
fn it_trusts_what_is_in_the_cluster_and_nobody_else() {
    let node = chat(&last("Red", r#""prompt_tokens":16"#));
    node.ok(&["verify"]);
    assert_eq!(node.read("fake/sent.cacert"), "the certificate");
    assert_eq!(node.read("fake/sent.cafile"), "the certificate");
    let socket = node
        .read("fake/log")
        .lines()
        .find(|it| it.contains(" s_client "))
        .expect("a socket")
        .to_owned();
    assert!(socket.contains("-verify_return_error -verify_hostname chat.example.org"), "{socket}");
    assert!(!node.read("fake/log").contains("--insecure"));
    assert_eq!(node.read("fake/wrong"), "", "https and nothing else");

    fs::remove_file(node.path("fake/sent.signin")).expect("removable");
    let node = node.with("NO_CERTIFICATE", "1");
    let done = node.run(&["verify"]);
    assert!(done.code == Some(1) && done.err.contains("--insecure"), "{done:?}");
    assert!(!node.path("fake/sent.signin").exists(), "the password stays here");
    node.ok(&["verify", "--insecure"]);
    let log = node.read("fake/log");
    assert!(log.contains("--insecure") && !log.contains("-verify_return_error"), "{log}");
}

/// The password may come from a file, and a dry run does not ask for one.
#[test]
fn where_the_password_comes_from() {
    let node = chat(&last("Red", r#""prompt_tokens":16"#));
    node.write("password", "other word\n");
    let file = node.path("password").display().to_string();
    let node = node.with("ESPALIER_PASSWORD", "").with("ESPALIER_PASSWORD_FILE", &file);
    node.ok(&["verify"]);
    assert!(node.read("fake/sent.signin").contains("\"other word\""));
    fs::remove_file(node.path("fake/sent.signin")).expect("removable");
    let dry = node.ok(&["verify", "--dry-run"]).out;
    for part in ["/api/v1/auths/signin", "/api/models", "openssl s_client", "/api/chat/completions"]
    {
        assert!(dry.contains(part), "{part}:\n{dry}");
    }
    assert!(!node.path("fake/sent.signin").exists() && !dry.contains("other word"));
}

/// A connection that ends before the request is a refusal, not a fault of the script.
#[test]
fn a_socket_that_ends_at_once() {
    let node = chat(&last("Red", r#""prompt_tokens":16"#)).with("GONE", "1");
    for _ in 0..8 {
        let done = fails(
            &node,
            "the socket at https://chat.example.org/ws/socket.io/?EIO=4&transport=websocket ",
        );
        assert!(
            ["refused: HTTP/1.1 403", "ended before it was open"]
                .iter()
                .any(|it| done.err.contains(it)),
            "{}",
            done.err
        );
        assert!(!done.err.contains("unbound") && !done.err.contains("descriptor"), "{}", done.err);
    }
}

/// A connection that stays open after the answer is closed by the script.
#[test]
fn a_socket_that_does_not_end() {
    let begun = Instant::now();
    let node = chat(&last("Red", r#""prompt_tokens":16"#)).with("LINGERS", "1");
    node.ok(&["verify"]);
    assert!(begun.elapsed() < Duration::from_mins(2));
}

/// Characters that the compiler's own messages do not print are not printed from a server's answer
/// either: alone, and nested in themselves, so that removing the inner one would create the outer
/// one.
#[test]
fn what_a_server_says_is_not_obeyed() {
    let is_format = |character: char| FORMAT.iter().any(|range| range.contains(&character));
    let is_obeyed = |character: char| {
        is_format(character)
            || !matches!(character, '\n' | '\t')
                && plain::line(character.encode_utf8(&mut [0; 4])) != character.to_string()
    };
    let mut alone = Vec::new();
    let far = [
        '\u{11000}'..='\u{110ff}',
        '\u{13400}'..='\u{134ff}',
        '\u{1bc00}'..='\u{1bcff}',
        '\u{1d100}'..='\u{1d1ff}',
    ];
    let all =
        ('\u{1}'..='\u{ffff}').chain(far.into_iter().flatten()).chain('\u{dff00}'..='\u{e10ff}');
    for character in all.filter(|it| *it != '\n') {
        alone.push((character, format!("a{character}b")));
    }
    let said: String = alone.iter().flat_map(|it| [it.1.as_str(), "\n"]).collect();
    let cleaned = cleaned(said.as_bytes());
    let lines: Vec<&str> =
        std::str::from_utf8(&cleaned).expect("no byte is left alone").lines().collect();
    assert_eq!(lines.len(), alone.len());
    let mut seen = 0;
    for ((alone, whole), line) in alone.iter().zip(lines) {
        assert_eq!(line, if is_obeyed(*alone) { "a?b" } else { whole.as_str() }, "{alone:?}");
        seen += usize::from(is_obeyed(*alone));
    }
    assert!(seen > 4096 + 65, "{seen}");
    for format in FORMAT.into_iter().flatten() {
        assert!(alone.iter().any(|one| one.0 == format), "{format:?} was not tried");
    }

    let (mut nested, mut count) = (Vec::new(), 0);
    for (alone, _) in alone.iter().filter(|it| is_obeyed(it.0)) {
        let own = alone.to_string().into_bytes();
        for at in 0..=own.len() {
            nested.extend([b"a", &own[..at], &own, &own[at..], b"b\n"].concat());
            count += 1;
        }
    }
    let lines = cleaned_lossy(&nested);
    assert_eq!(lines.lines().count(), count);
    for line in lines.lines() {
        assert!(
            line.starts_with('a')
                && line.ends_with('b')
                && line.contains('?')
                && !line.chars().any(is_obeyed),
            "{line:?}"
        );
    }
}

#[test]
fn what_a_server_says_is_no_command_of_a_workflow() {
    let said = "a::b\n::error::x\n \t+-::stop-commands::x\nx ##[error]y##[z]\n::::\n";
    let lines = cleaned_lossy(said.as_bytes());
    assert_eq!(
        lines,
        "a::b\n:\\:error::x\n \t+-:\\:stop-commands::x\nx #\\#[error]y#\\#[z]\n:\\:::\n"
    );
    assert_eq!(plain::lines(&lines), lines, "the compiler would let it through");
    // After anything that is not a letter for the workflow runner.
    for space in ('\u{1}'..='\u{ffff}').filter(|it| it.is_whitespace() && *it != '\n') {
        let line = cleaned_lossy(format!(" {space}-{space}::add-mask::x\n").as_bytes());
        assert!(line.contains(":\\:add-mask::x") || line.contains("?::"), "{space:?}: {line}");
        assert_eq!(plain::lines(&line), line, "{space:?}");
    }
}

/// Format characters, category Cf of Unicode.
const FORMAT: [std::ops::RangeInclusive<char>; 21] = [
    '\u{ad}'..='\u{ad}',
    '\u{600}'..='\u{605}',
    '\u{61c}'..='\u{61c}',
    '\u{6dd}'..='\u{6dd}',
    '\u{70f}'..='\u{70f}',
    '\u{890}'..='\u{891}',
    '\u{8e2}'..='\u{8e2}',
    '\u{180e}'..='\u{180e}',
    '\u{200b}'..='\u{200f}',
    '\u{202a}'..='\u{202e}',
    '\u{2060}'..='\u{2064}',
    '\u{2066}'..='\u{206f}',
    '\u{feff}'..='\u{feff}',
    '\u{fff9}'..='\u{fffb}',
    '\u{110bd}'..='\u{110bd}',
    '\u{110cd}'..='\u{110cd}',
    '\u{13430}'..='\u{1343f}',
    '\u{1bca0}'..='\u{1bca3}',
    '\u{1d173}'..='\u{1d17a}',
    '\u{e0001}'..='\u{e0001}',
    '\u{e0020}'..='\u{e007f}',
];

/// What the script's `clean` makes of some bytes.
fn cleaned(said: &[u8]) -> Vec<u8> {
    let script =
        String::from_utf8(super::runs::files()[bootstrap::SCRIPT].clone()).expect("a text");
    let begin = script.find("\nclean() {").expect("it is there");
    let end = begin + script[begin..].find("\n}\n").expect("it ends") + 3;
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(said).and_then(|()| file.rewind()).expect("writable");
    let line = format!("{}clean 100000000", &script[begin..end]);
    let done = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &line])
        .env("LC_ALL", "C.UTF-8")
        .stdin(file)
        .output()
        .expect("bash");
    assert!(
        done.status.success() && done.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    done.stdout
}

fn cleaned_lossy(said: &[u8]) -> String {
    String::from_utf8_lossy(&cleaned(said)).into_owned()
}
