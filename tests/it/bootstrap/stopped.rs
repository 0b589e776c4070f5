//! The script, stopped: from whatever a run leaves that is killed, the next comes to the same end.

use std::collections::BTreeMap;

use super::runs::{differences, node};

/// What is there before each call of a run and after each change is what a killed run leaves. From
/// each such state, the script comes to the same end.
#[test]
fn stopped_at_any_call_it_comes_to_the_same_end() {
    let node = node().with("STATES", "1");
    node.ok(&["up"]);
    let (end, changes) = (node.state(), node.changes().len());
    let kept = node.read("kept/states");
    let states: BTreeMap<&str, &str> = kept
        .lines()
        .rev()
        .filter_map(|line| {
            let (_, rest) = line.split_once(' ')?;
            Some((rest.split_once(' ')?.0, line))
        })
        .collect();
    assert!(changes > 15 && states.len() > 25, "{changes} changes, {}", states.len());
    let count = |when: &str| kept.lines().filter(|it| it.starts_with(when)).count();
    assert!(count("before ") > 40 && count("after ") == changes, "{kept}");
    let node = node.with("STATES", "");
    for (state, when) in states {
        node.back_to(&format!("kept/{state}.tar"));
        node.ok(&["up"]);
        assert_eq!(node.read("fake/wrong"), "", "{when}");
        differences(&node.state(), &end, when);
    }
}

/// The script is killed indeed: at calls all over its run, and after each download, of which only a
/// part is there then.
#[test]
fn killed_it_comes_to_the_same_end() {
    let whole = node();
    whole.ok(&["up"]);
    let end = whole.state();
    let calls = whole.read("fake/log");
    let mut killed = 0;
    for (at, call) in (1..).zip(calls.lines()) {
        let is_download = call.starts_with("curl ") && call.contains(" --output ");
        if !is_download && at % 10 != 1 {
            continue;
        }
        let when = if is_download { "after" } else { "before" };
        let node = node().with("KILL_AT", &at.to_string()).with("KILL_WHEN", when);
        let done = node.run(&["up"]);
        assert_eq!(done.code, None, "{when} call {at}, {call}: {}\n{}", done.out, done.err);
        let again = node.with("KILL_AT", "0");
        again.ok(&["up"]);
        assert_eq!(again.read("fake/wrong"), "", "{when} call {at}");
        differences(&again.state(), &end, &format!("{when} call {at}, {call}"));
        killed += 1;
    }
    assert!(killed > 8, "{killed}");
}
