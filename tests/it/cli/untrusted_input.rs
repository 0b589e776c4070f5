//! Files that a stranger put there: none is opened that is no file, none is obeyed, none costs
//! much.

use std::{
    fmt::Write as _,
    fs,
    os::unix::fs::symlink,
    process::Stdio,
    time::{Duration, Instant},
};

use espalier::diag::plain;

use super::workspace_dir::{Done, WorkspaceDir};

/// A run that has to end by itself within seconds.
#[track_caller]
fn soon(place: &WorkspaceDir, words: &[&str]) -> Done {
    let mut command = place.command(words);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    let began = Instant::now();
    while child.try_wait().expect("a child").is_none() {
        if began.elapsed() > Duration::from_secs(20) {
            child.kill().expect("a child");
            panic!("espalier {words:?} does not end");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.wait_with_output().expect("it ended").into()
}

#[test]
fn what_is_no_regular_file_is_named_and_never_opened() {
    let place = WorkspaceDir::rendered();
    let pipe = place.path("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, 0o644.into()).expect("a pipe");
    symlink(&pipe, place.path("out/a.yaml")).expect("a link");
    symlink("/proc/self/fd/1", place.path("apps/b.yaml")).expect("a link");
    symlink("/dev/zero", place.path("bootstrap/c.sh")).expect("a link");
    rustix::fs::mkfifoat(rustix::fs::CWD, place.path("out/d.yaml"), 0o644.into()).expect("a pipe");
    let said = soon(&place, &["check"]);
    assert_eq!(said.code, 1, "{said:?}");
    for name in ["out/a.yaml", "apps/b.yaml", "bootstrap/c.sh", "out/d.yaml"] {
        assert!(said.err.contains(&format!("error[foreign-file]: `{name}`")), "{said:?}");
    }
    for words in [["render"].as_slice(), &["diff"], &["check", "--format", "json"], &["show"]] {
        soon(&place, words);
    }
    // In place of a generated file, and of a source.
    place.remove("out/README.md");
    symlink(&pipe, place.path("out/README.md")).expect("a link");
    let said = soon(&place, &["render"]);
    assert!(said.code == 1 && said.err.contains("path-occupied"), "{said:?}");
    place.remove("out/README.md");
    symlink(&pipe, place.path("spec/versions.yaml")).expect("a link");
    let said = soon(&place, &["check"]);
    assert!(said.code == 1 && said.err.contains("source-outside"), "{said:?}");
}

#[test]
fn a_file_of_a_tebibyte_is_not_read() {
    let place = WorkspaceDir::rendered();
    for name in ["out/README.md", "out/.espalier.json", "apps/openwebui.yaml"] {
        let file = fs::File::options().write(true).open(place.path(name)).expect("writable");
        file.set_len(1 << 40).expect("a sparse file");
    }
    let stray = place.read("apps/ollama.yaml");
    place.write("apps/stray.yaml", stray);
    let file = fs::File::options().write(true).open(place.path("apps/stray.yaml")).expect("ours");
    file.set_len(1 << 40).expect("a sparse file");
    let said = soon(&place, &["check"]);
    assert!(said.code == 1 && said.out.contains("changed  out/README.md"), "{said:?}");
    assert!(said.out.contains("this file has 1099511627776 bytes") && said.out.len() < 100_000);
    soon(&place, &["diff"]);
    soon(&place, &["diff", "--format", "markdown"]);
    place.ok(&["render"]);
    place.ok(&["check"]);
}

#[test]
fn forty_thousand_faults_in_one_file_are_told_soon_and_briefly() {
    let place = WorkspaceDir::rendered();
    for line_break in ["\n", ""] {
        let mut text = "apiVersion: espalier.dev/v1alpha1\nkind: SealedCredential\n\
                        metadata: {name: postgresql}\nspec:\n  scope: cluster-wide\n  sealed: {"
            .to_owned();
        for number in 0..40_000 {
            write!(text, "{line_break} n{number}: {{}},").expect("a String takes all");
        }
        text += "}\n";
        place.write("spec/secrets/postgresql.yaml", &text);
        let began = Instant::now();
        let said = soon(&place, &["check", "--format", "short"]);
        assert_eq!(said.code, 1);
        let told = said.err.lines().filter(|it| it.contains("[sealed-scope]")).count();
        assert_eq!(told, 64, "{}", said.err);
        assert!(said.err.contains("[too-many-findings]"), "{}", said.err);
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    }
}

/// As GitHub's runner sees it: all white space of a line's beginning is cut away, and the signs of
/// a difference are no protection against a change of the format.
fn is_command(line: &str) -> bool {
    let rest: String =
        line.chars().skip_while(|it| it.is_whitespace() || "+-".contains(*it)).collect();
    rest.strip_prefix("::").is_some_and(|it| it.contains("::")) || line.contains("##[")
}

#[test]
fn a_finding_keeps_its_words_in_json_and_gives_a_runner_none() {
    let place = WorkspaceDir::rendered();
    let name = "x\u{200b}\u{202e} ##[error]y";
    let text = super::workspace_dir::workspace("team-a")
        .replace("name: team-a", &format!("name: \"{name}\""));
    place.write("spec/workspaces/team-a.yaml", text);
    for format in ["human", "short", "json", "github"] {
        let said = place.run(&["check", "--format", format]);
        assert_eq!(said.code, 1, "{said:?}");
        for it in [said.out.as_str(), &said.err] {
            assert!(
                !it.contains("##[") && !it.contains(['\u{200b}', '\u{202e}']),
                "{format}: {it}"
            );
        }
        if format == "json" {
            let all: serde_json::Value = serde_json::from_str(&said.out).expect("it is JSON");
            assert!(all.to_string().contains(name), "{all}");
        }
    }
}

#[test]
fn no_text_of_a_file_is_obeyed() {
    let place = WorkspaceDir::rendered();
    let nasty = "x: \u{1b}]52;c;cHduZWQ=\u{7}\u{9b}2J\u{202e}\u{200b}\r\n::set-env \
                 name=a::b\n\u{a0}::a::b\n\u{3000}::a::b\nx \
                 ##[error]y\n````\n</details><script>@team\n";
    place.append("out/manifests/ollama/ai/service-ollama.yaml", nasty);
    place.append("apps/ollama.yaml", "  kind: <b>`x`</b>\u{1b}[2J\n");
    for color in ["always", "never"] {
        for words in [["diff"].as_slice(), &["check"], &["diff", "--format", "markdown"]] {
            let said = place.run(&[words, &["--color", color]].concat());
            let text = format!("{}{}", said.out, said.err);
            for it in ["\u{1b}]", "\u{7}", "\u{9b}", "\u{202e}", "\u{200b}", "\r", "\u{1b}[2J"] {
                assert!(!text.contains(it), "{words:?} {color}: {it:?} in {text:?}");
            }
            assert!(!text.lines().any(is_command), "{text}");
            assert!(text.contains('␛'), "what is there is shown: {text}");
        }
    }
    let said = place.run(&["diff", "--format", "markdown"]).out;
    let guarded = said.lines().find(|it| it.starts_with("````")).expect("a longer fence");
    assert!(guarded.starts_with("`````diff"), "{said}");
}

#[test]
fn no_character_that_is_not_seen_goes_through() {
    // All of Unicode's category Cf.
    let format = "ad-ad 600-605 61c-61c 6dd-6dd 70f-70f 890-891 8e2-8e2 180e-180e 200b-200f \
                  202a-202e 2060-2064 2066-206f feff-feff fff9-fffb 110bd-110bd 110cd-110cd \
                  13430-1343f 1bca0-1bca3 1d173-1d17a e0001-e0001 e0020-e007f";
    for (from, to) in format.split_whitespace().filter_map(|it| it.split_once('-')) {
        let code = |it| u32::from_str_radix(it, 16).expect("a number");
        for code in code(from)..=code(to) {
            let it = char::from_u32(code).expect("a character").to_string();
            assert_eq!(plain::line(&it), format!("<U+{code:04X}>"));
        }
    }
}
