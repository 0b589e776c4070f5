//! The alerts about nodes, compared with what healthy nodes and broken ones report.

use espalier::{builder::contribution::Contribution, plan::Plan};

use crate::support::{golden_cases, texts_of, tree};

/// The figures that an alert compares with: memory, then CPU in thousandths; or a count.
fn figures(plan: &Plan, name: &str) -> Vec<u64> {
    let alert = plan.contributions().iter().find_map(|contribution| match contribution {
        Contribution::Alert(alert) if alert.name == name => Some(alert),
        _ => None,
    });
    let line = &alert.unwrap_or_else(|| panic!("no {name}")).expression;
    let after = |text: &str| {
        text.split_whitespace()
            .next()
            .expect("a figure")
            .replace('.', "")
            .parse()
            .expect("a number")
    };
    line.split(" < ").skip(1).map(after).collect()
}

#[test]
fn nodes_that_are_not_what_was_counted_on_are_reported() {
    for (name, folder) in golden_cases() {
        let compiled = tree(&texts_of(&folder));
        let plan = compiled.plan.as_ref().expect("a golden platform");
        let nodes = plan.platform().spec.all_nodes();
        // Capacity less Allocatable, as a node with k3s' configuration reports it: the alert does
        // not fire for such a node, and fires for every node without it (there the difference is
        // nothing, or the 100Mi of the kubelet's own default).
        let reserved = figures(plan, "NodeReservesNothing");
        let kept = nodes.groups().iter().map(|group| {
            let node = &group.node;
            [
                node.mem_total().get() - node.allocatable().get(),
                node.cpu.get() - node.allocatable_cpu().get(),
            ]
        });
        let kept: Vec<[u64; 2]> = kept.collect();
        for (at, least) in reserved.iter().enumerate() {
            assert!(
                kept.iter().all(|it| it[at] >= *least) && kept.iter().any(|it| it[at] == *least),
                "{name}: {kept:?} {reserved:?}"
            );
        }
        assert!(
            reserved[0] > 100 << 20 && reserved[1] > 0 && reserved.len() == 2,
            "{name}: {reserved:?}"
        );
        // All Ready: no alert. One missing, or one a little too small: an alert.
        let sum = nodes.groups().iter().fold([0, 0], |sum: [u64; 2], group| {
            let (memory, cpu) =
                (group.node.allocatable().get(), group.node.allocatable_cpu().get());
            [sum[0] + u64::from(group.count) * memory, sum[1] + u64::from(group.count) * cpu]
        });
        assert_eq!(figures(plan, "NodesBelowBudget"), sum, "{name}");
        assert_eq!(figures(plan, "NodesMissing"), [u64::from(nodes.count())], "{name}");
    }
}
