//! Helps that can be pasted are pasted: the finding is gone, and there is no new one.

mod reading;
mod rules;

use std::collections::BTreeSet;

use self::{reading::READING, rules::RULES};
use super::{
    code, expected, prepared, recipes, tells, with_domains_of_ones_own, with_example_domains,
};
use crate::cli::workspace_dir::WorkspaceDir;

const PLATFORM: &str = "spec/platform.yaml";
const WORKSPACE: &str = "spec/workspaces/team-a.yaml";
const VERSIONS: &str = "spec/versions.yaml";
const ADMIN: &str = "spec/secrets/openwebui-admin.yaml";

/// The case, the file, and pairs of what is written there and what the help says to write instead.
pub type Fix = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// All fixes.
fn fixes() -> impl Iterator<Item = &'static Fix> {
    READING.iter().chain(RULES)
}

/// Cases whose help names the right name of the file.
const RENAMED: [(&str, &str, &str); 2] = [
    ("file-name-differs", "spec/secrets/database.yaml", "postgresql.yaml"),
    ("file-name-differs--workspace", "spec/workspaces/team-a.yaml", "team-b.yaml"),
];

/// Cases whose help says `write` and needs a value of the user's own, or is pasted by another test.
const BY_HAND: [&str; 5] = [
    "all-at-once",
    "all-at-once--rules",
    "invalid-value--signer",
    "repository-branch",
    "repository-path",
];

/// The codes that a text reports, errors and warnings.
fn codes(text: &str) -> BTreeSet<String> {
    let starts = text.lines().filter(|it| it.starts_with("error[") || it.starts_with("warning["));
    starts.filter_map(|it| Some(it.split_once('[')?.1.split_once(']')?.0.to_owned())).collect()
}

fn render(dir: &WorkspaceDir) -> String {
    let done = dir.run(&["render", "--color", "never"]);
    assert!(done.code == 0 || done.code == 1, "{done:?}");
    done.err
}

#[test]
fn what_a_help_says_helps() {
    for (case, file, pairs) in fixes() {
        let dir = prepared(case);
        let before = codes(&render(&dir));
        let said = expected(case);
        let mut text = with_example_domains(&dir.read(file));
        for (from, to) in *pairs {
            assert!(text.contains(from), "{case}: `{from}` is not in {file}:\n{text}");
            let word = to.trim_start_matches("- ").trim_end_matches([':', ',']);
            let word = word.strip_prefix("memory: 8Gi, ").unwrap_or(word);
            let word = word.strip_prefix("receivers: {slack: {}}, ").unwrap_or(word);
            let word = word.strip_prefix("context: 8192\n").unwrap_or(word).trim();
            let word = word.strip_prefix("garden}\nspec:\n").unwrap_or(word).trim();
            // What is pasted together with more of the same line is not printed as a whole.
            let is_said = word.starts_with("catalogue: ") || !word.ends_with('}');
            assert!(
                word.is_empty() || !is_said || said.contains(word),
                "{case}: no help says `{word}`:\n{said}"
            );
            text = text.replace(from, to);
        }
        dir.write(file, with_domains_of_ones_own(case, &text));
        let after = render(&dir);
        assert!(!tells(&after, code(case)), "{case}: the help does not help:\n{after}");
        // Every workspace that is built has the finding that it has no administrator yet, and
        // several pods have one about settings.
        let of_course = |text: &&String| {
            ["workspace-without-administrator", "settings-not-shared"].contains(&text.as_str())
        };
        let new: Vec<String> =
            codes(&after).difference(&before).filter(|it| !of_course(it)).cloned().collect();
        // What is right as YAML can be wrong as a spec, which is reported then; and what can be
        // built has credentials, which nobody has sealed yet.
        let deeper = [
            "invalid-value",
            "invalid-value--issuer-parts",
            "invalid-value--version-as-a-number",
            "missing-field--deep",
            "invalid-value--amount-in-quotes",
            "invalid-value--empty-map",
            "key-not-a-string",
            "yaml-syntax",
            "out-of-range--backup",
            "out-of-range--too-large",
            "out-of-range--one-finding",
            "invalid-value--number-out-of-bounds",
            "documents-on-shared-volume",
            "exporter-needs-own-database",
            "alerts-not-delivered",
            "alerts-not-delivered--critical-only",
            "alerts-not-delivered--no-receiver",
            "component-needed--api",
            "component-needed--grafana",
            "workspace-database",
            "workspace-database--external",
            "component-needed--databases",
        ]
        .contains(case);
        assert!(new.is_empty() || deeper, "{case}: {new:?} has come:\n{after}");
    }
}

#[test]
fn a_file_that_is_renamed_is_right() {
    for (case, file, name) in RENAMED {
        let dir = prepared(case);
        assert!(expected(case).contains(&format!("rename the file to `{name}`")), "{case}");
        let to = dir.path(file).with_file_name(name);
        std::fs::rename(dir.path(file), to).expect("it can be renamed");
        let after = render(&dir);
        assert!(!tells(&after, code(case)), "{case}:\n{after}");
    }
}

#[test]
fn every_help_that_can_be_pasted_is() {
    let missing: Vec<String> = super::cases()
        .into_iter()
        .filter(|it| expected(it).contains("= help: write `") && !BY_HAND.contains(&&**it))
        .filter(|case| fixes().all(|fix| fix.0 != *case))
        .collect();
    assert!(missing.is_empty(), "no test pastes the help of {missing:?}");
}

/// The page of `credential-not-sealed` shows a whole file: with real ciphertext in it, the finding
/// is gone.
#[test]
fn the_page_shows_the_form_of_a_sealed_file() {
    let dir = prepared("credential-not-sealed");
    let page = dir.ok(&["explain", "credential-not-sealed"]).out;
    let from = page.find("    apiVersion: espalier.dev/v1alpha1").expect("the file");
    let lines = page[from..].lines().take_while(|it| it.starts_with("    ")).map(|it| &it[4..]);
    let file: String = lines.flat_map(|it| [it, "\n"]).collect();
    assert!(file.contains("AgB…"), "{file}");
    dir.write(ADMIN, file.replace("AgB…", &recipes::ciphertext()));
    let said = render(&dir);
    assert!(!said.contains("`openwebui-admin`"), "{said}");
    assert!(said.contains("`openwebui-secret-key`"), "the others are still not sealed: {said}");
}
