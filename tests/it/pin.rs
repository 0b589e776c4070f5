//! `pin: tag`: every Application that reads the repository follows one tag, which changes with the
//! content and with nothing else.

use std::collections::BTreeSet;

use crate::support::{Texts, golden_cases, texts_of, tree};

fn pinned() -> Texts {
    let (_, folder) = golden_cases().into_iter().find(|it| it.0 == "pinned").expect("the case");
    texts_of(&folder)
}

/// What the Applications follow: those that read the repository, by name.
fn followed(texts: &Texts) -> Vec<(String, String)> {
    let made = tree(texts).objects();
    let own =
        made.iter().filter(|it| it.kind() == "Application" && !it.at("spec/source/path").is_null());
    own.map(|it| (it.name().to_owned(), it.text("spec/source/targetRevision").to_owned())).collect()
}

fn tag(texts: &Texts) -> String {
    let all: BTreeSet<String> =
        followed(texts).into_iter().filter(|it| it.0 != "root").map(|it| it.1).collect();
    assert_eq!(all.len(), 1, "{all:?}");
    let tag = all.into_iter().next().expect("one");
    let digits = tag.strip_prefix("refs/tags/tree-").expect("a tag");
    assert!(
        digits.len() == 12 && digits.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f')),
        "{tag}"
    );
    tag
}

fn edited(from: &str, to: &str) -> Texts {
    let mut texts = pinned();
    let text = texts.values_mut().find(|it| it.contains(from)).unwrap_or_else(|| panic!("{from}"));
    *text = text.replace(from, to);
    texts
}

#[test]
fn the_root_follows_the_branch_and_the_others_one_tag() {
    let all = followed(&pinned());
    assert!(
        all.iter().any(|it| it.0 == "ws-team-a") && all.iter().any(|it| it.0 == "bootstrap"),
        "{all:?}"
    );
    assert_eq!(all.iter().find(|it| it.0 == "root").expect("the root").1, "refs/heads/main");
    tag(&pinned());
}

#[test]
fn the_tag_moves_with_the_content() {
    let first = tag(&pinned());
    assert_eq!(first, tag(&pinned()), "the same content");
    // Changes that do not reach the objects do not change the tag: comments, and settings of
    // Applications only.
    assert_eq!(first, tag(&edited("metadata:", "# a comment\nmetadata:")));
    for (from, to) in [
        ("keepAlive: 30s", "keepAlive: 31s"),
        ("workspaceName: team-a", "workspaceName: team-b"),
        ("replicas: 2", "replicas: 1"),
    ] {
        let mut texts = edited(from, to);
        if to.ends_with("team-b") {
            let text = texts
                .remove("spec/workspaces/team-a.yaml")
                .expect("the tenant")
                .replace("team-a", "team-b");
            texts.insert("spec/workspaces/team-b.yaml".to_owned(), text);
        }
        assert_ne!(first, tag(&texts), "{from} → {to}");
    }
    // A project changes it too: the Application `bootstrap` reads the projects at the tag.
    let moved = edited("domains:", "domains:\n    workspaces: workspaces.example.com");
    assert_ne!(first, tag(&moved));
}
