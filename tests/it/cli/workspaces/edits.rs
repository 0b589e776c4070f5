//! Edits of a workspace's file in place: all that an edit is not about keeps its bytes.

use espalier::{
    cli::workspace::edit::{Edit, edited},
    yaml::source::Source,
};
use proptest::{prelude::*, test_runner::TestCaseError};
use serde_json::{Value, json};

const BLOCK: &str = "\
---
# A comment above.
kind: AIChatWorkspace
metadata: {name: a}
spec:
  workspaceName: a # its name

  # models of the team
  models:
  - gemma2:2b # small
  # between
  - llama3.2:1b
  storage:
    ollama: 20Gi   # a wide gap
  suspend: false
# the end
";

const FLOW: &str = "\
kind: AIChatWorkspace
spec:
  {workspaceName: a, models: [\"gemma2:2b\", 'llama3.2:1b'],
   storage: {ollama: 20Gi}}
";

fn after(text: &str, edits: &[Edit]) -> Option<String> {
    edited(&Source::parse("a.yaml", text), edits)
}

#[track_caller]
fn becomes(text: &str, edit: Edit, from: &str, to: &str) {
    assert!(text.contains(from), "{from}");
    assert_eq!(after(text, &[edit]).as_deref(), Some(&*text.replacen(from, to, 1)));
}

#[test]
fn a_value_is_set_and_its_comment_stays() {
    becomes(BLOCK, Edit::set(&["storage", "ollama"], "40Gi"), "20Gi   #", "40Gi   #");
    becomes(BLOCK, Edit::set(&["suspend"], true), "suspend: false", "suspend: true");
    becomes(BLOCK, Edit::set(&["workspaceName"], "yes"), "a # its", "\"yes\" # its");
    let same = after(BLOCK, &[Edit::set(&["suspend"], false)]);
    assert_eq!(same.as_deref(), Some(BLOCK), "nothing to do");
}

#[test]
fn a_new_value_stands_below_its_siblings() {
    becomes(
        BLOCK,
        Edit::set(&["storage", "openWebui"], "5Gi"),
        "a wide gap\n",
        "a wide gap\n    openWebui: 5Gi\n",
    );
    becomes(
        BLOCK,
        Edit::set(&["resources", "ollama", "memory", "limit"], "8Gi"),
        "  suspend: false\n",
        "  suspend: false\n  resources:\n    ollama:\n      memory:\n        limit: 8Gi\n",
    );
    let open = BLOCK.trim_end_matches("# the end\n").trim_end();
    let ended = after(open, &[Edit::set(&["onDelete"], "Delete")]).expect("it can be made");
    assert_eq!(ended, format!("{open}\n  onDelete: Delete\n"), "a file without a last line break");
    let empty = BLOCK.replace("  suspend: false\n", "  quota:\n");
    becomes(&empty, Edit::set(&["quota", "pods"], 4), "  quota:\n", "  quota:\n    pods: 4\n");
}

#[test]
fn lists_lose_and_gain_items() {
    let list = |items: &[&str]| Edit::set(&["models"], json!(items));
    becomes(BLOCK, list(&["gemma2:2b"]), "  - llama3.2:1b\n", "");
    becomes(
        BLOCK,
        list(&["llama3.2:1b", "qwen3"]),
        "  - gemma2:2b # small\n  # between\n  - llama3.2:1b\n",
        "  # between\n  - llama3.2:1b\n  - qwen3\n",
    );
    becomes(FLOW, list(&["qwen3"]), "[\"gemma2:2b\", 'llama3.2:1b']", "[qwen3]");
    let members = json!([{"kind": "Group", "name": "team-a"}]);
    becomes(
        BLOCK,
        Edit::set(&["members"], members),
        "  suspend: false\n",
        "  suspend: false\n  members:\n    - kind: Group\n      name: team-a\n",
    );
    let none = after(BLOCK, &[list(&[])]).expect("it can be made");
    assert!(none.contains("\n  models: []\n"), "{none}");
}

#[test]
fn a_value_is_taken_out_with_what_it_leaves_empty() {
    becomes(
        BLOCK,
        Edit::unset(&["storage", "ollama"]),
        "  storage:\n    ollama: 20Gi   # a wide gap\n",
        "",
    );
    becomes(BLOCK, Edit::unset(&["suspend"]), "  suspend: false\n", "");
    let flow = after(FLOW, &[Edit::unset(&["storage", "ollama"])]).expect("it can be made");
    let value = Source::parse("a.yaml", flow.as_str()).value;
    assert!(value.pointer("/spec/storage").is_none(), "{flow}");
}

/// What cannot be changed without losing something is not changed.
#[test]
fn a_comment_in_brackets_is_not_lost() {
    let text = "spec:\n  models: [ # the models\n    a, b]\n";
    assert_eq!(after(text, &[Edit::set(&["models"], json!(["a"]))]), None);
    let broken = "spec:\n  models: [a\n";
    assert_eq!(after(broken, &[Edit::set(&["suspend"], true)]), None, "no YAML");
}

fn keys() -> impl Strategy<Value = Vec<&'static str>> {
    prop_oneof![
        Just(vec!["models"]),
        Just(vec!["storage", "ollama"]),
        Just(vec!["storage", "openWebui"]),
        Just(vec!["resources", "openWebui", "memory", "limit"]),
        Just(vec!["suspend"]),
        Just(vec!["hosts"]),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[ -~äß#:,\\n]{0,12}".prop_map(Value::from),
        proptest::collection::vec("[a-z0-9:.#, -]{0,8}", 0..4).prop_map(Value::from),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is set or taken out: the rest means what it meant, and no comment is lost that does
    /// not stand in a line that went.
    #[test]
    fn an_edit_changes_nothing_else(
        edits in proptest::collection::vec((keys(), proptest::option::of(value())), 1..5),
    ) {
        for text in [BLOCK, FLOW] {
            let mut now = text.to_owned();
            for (keys, value) in &edits {
                let edit = match value {
                    Some(value) => Edit::set(keys, value.clone()),
                    None => Edit::unset(keys),
                };
                // A value that is already there in another form may not be replaced in place.
                let Some(next) = after(&now, &[edit]) else { continue };
                let read = Source::parse("a.yaml", next.as_str());
                prop_assert!(read.is_sound(), "{next}");
                let pointer = format!("/spec/{}", keys.join("/"));
                prop_assert_eq!(read.value.pointer(&pointer), value.as_ref(), "{}", next);
                now = next;
            }
            for comment in ["# A comment above.", "# its name", "# models of the team", "# the end"] {
                if text.contains(comment) && !now.contains(comment) {
                    return Err(TestCaseError::fail(format!("{comment} is lost:\n{now}")));
                }
            }
        }
    }
}
