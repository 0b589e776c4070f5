//! Files that somebody else put there: only regular files are opened, no content is interpreted,
//! and none takes long.

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
fn soon(dir: &WorkspaceDir, words: &[&str]) -> Done {
    let mut command = dir.command(words);
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
    let dir = WorkspaceDir::rendered();
    let pipe = dir.path("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, 0o644.into()).expect("a pipe");
    symlink(&pipe, dir.path("out/a.yaml")).expect("a link");
    symlink("/proc/self/fd/1", dir.path("apps/b.yaml")).expect("a link");
    symlink("/dev/zero", dir.path("bootstrap/c.sh")).expect("a link");
    rustix::fs::mkfifoat(rustix::fs::CWD, dir.path("out/d.yaml"), 0o644.into()).expect("a pipe");
    let said = soon(&dir, &["check"]);
    assert_eq!(said.code, 1, "{said:?}");
    for name in ["out/a.yaml", "apps/b.yaml", "bootstrap/c.sh", "out/d.yaml"] {
        assert!(said.err.contains(&format!("error[foreign-file]: `{name}`")), "{said:?}");
    }
    for words in [["render"].as_slice(), &["diff"], &["check", "--format", "json"], &["show"]] {
        soon(&dir, words);
    }
    // In the place of a generated file, and of a source.
    dir.remove("out/README.md");
    symlink(&pipe, dir.path("out/README.md")).expect("a link");
    let said = soon(&dir, &["render"]);
    assert!(said.code == 1 && said.err.contains("path-occupied"), "{said:?}");
    dir.remove("out/README.md");
    symlink(&pipe, dir.path("spec/versions.yaml")).expect("a link");
    let said = soon(&dir, &["check"]);
    assert!(said.code == 1 && said.err.contains("source-outside"), "{said:?}");
}

#[test]
fn a_file_of_a_tebibyte_is_not_read() {
    let dir = WorkspaceDir::rendered();
    for name in ["out/README.md", "out/.espalier.json", "apps/openwebui.yaml"] {
        let file = fs::File::options().write(true).open(dir.path(name)).expect("writable");
        file.set_len(1 << 40).expect("a sparse file");
    }
    let stray = dir.read("apps/ollama.yaml");
    dir.write("apps/stray.yaml", stray);
    let file = fs::File::options().write(true).open(dir.path("apps/stray.yaml")).expect("ours");
    file.set_len(1 << 40).expect("a sparse file");
    let said = soon(&dir, &["check"]);
    assert!(said.code == 1 && said.out.contains("changed  out/README.md"), "{said:?}");
    assert!(said.out.contains("this file has 1099511627776 bytes") && said.out.len() < 100_000);
    soon(&dir, &["diff"]);
    soon(&dir, &["diff", "--format", "markdown"]);
    dir.ok(&["render"]);
    dir.ok(&["check"]);
}

#[test]
fn forty_thousand_faults_in_one_file_are_reported_soon_and_briefly() {
    let dir = WorkspaceDir::rendered();
    for line_break in ["\n", ""] {
        let mut text = "apiVersion: espalier.dev/v1alpha1\nkind: SealedCredential\n\
                        metadata: {name: postgresql}\nspec:\n  scope: cluster-wide\n  sealed: {"
            .to_owned();
        for number in 0..40_000 {
            write!(text, "{line_break} n{number}: {{}},").expect("a String takes all");
        }
        text += "}\n";
        dir.write("spec/secrets/postgresql.yaml", &text);
        let began = Instant::now();
        let said = soon(&dir, &["check", "--format", "short"]);
        assert_eq!(said.code, 1);
        let told = said.err.lines().filter(|it| it.contains("[sealed-scope]")).count();
        assert_eq!(told, 64, "{}", said.err);
        assert!(said.err.contains("[too-many-findings]"), "{}", said.err);
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    }
}

/// As GitHub's runner sees it: white space at the beginning of a line is removed, and the markers
/// of a diff do not protect against a change of the format.
fn is_command(line: &str) -> bool {
    let rest: String =
        line.chars().skip_while(|it| it.is_whitespace() || "+-".contains(*it)).collect();
    rest.strip_prefix("::").is_some_and(|it| it.contains("::")) || line.contains("##[")
}

#[test]
fn a_finding_keeps_its_words_in_json_and_gives_a_runner_none() {
    let dir = WorkspaceDir::rendered();
    let name = "x\u{200b}\u{202e} ##[error]y";
    let text = super::workspace_dir::workspace("team-a")
        .replace("name: team-a", &format!("name: \"{name}\""));
    dir.write("spec/workspaces/team-a.yaml", text);
    for format in ["human", "short", "json", "github"] {
        let said = dir.run(&["check", "--format", format]);
        assert_eq!(said.code, 1, "{said:?}");
        for text in [said.out.as_str(), &said.err] {
            assert!(
                !text.contains("##[") && !text.contains(['\u{200b}', '\u{202e}']),
                "{format}: {text}"
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
    let dir = WorkspaceDir::rendered();
    let nasty = "x: \u{1b}]52;c;cHduZWQ=\u{7}\u{9b}2J\u{202e}\u{200b}\r\n::set-env \
                 name=a::b\n\u{a0}::a::b\n\u{3000}::a::b\nx \
                 ##[error]y\n````\n</details><script>@team\n";
    dir.append("out/manifests/ollama/ai/service-ollama.yaml", nasty);
    dir.append("apps/ollama.yaml", "  kind: <b>`x`</b>\u{1b}[2J\n");
    for color in ["always", "never"] {
        for words in [["diff"].as_slice(), &["check"], &["diff", "--format", "markdown"]] {
            let said = dir.run(&[words, &["--color", color]].concat());
            let text = format!("{}{}", said.out, said.err);
            for obeyed in ["\u{1b}]", "\u{7}", "\u{9b}", "\u{202e}", "\u{200b}", "\r", "\u{1b}[2J"]
            {
                assert!(!text.contains(obeyed), "{words:?} {color}: {obeyed:?} in {text:?}");
            }
            assert!(!text.lines().any(is_command), "{text}");
            assert!(text.contains('␛'), "what is there is shown: {text}");
        }
    }
    let said = dir.run(&["diff", "--format", "markdown"]).out;
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
            let character = char::from_u32(code).expect("a character").to_string();
            assert_eq!(plain::line(&character), format!("<U+{code:04X}>"));
        }
    }
}
