//! A room says of its tenants what a whole compilation says, whatever came and went before.

use std::collections::{BTreeMap, BTreeSet};

use espalier::{Plan, Room, Size, Tenant, check::capacity};
use proptest::{prelude::*, sample, test_runner::Config};
use serde_json::{Value, json};

use crate::support;

const MODELS: [&str; 4] =
    ["llama3.2:1b-instruct-q4_K_M", "gemma3:270m", "llama3.2:1b", "nomic-embed-text"];

/// Machines on which some of the tenants fit, and some do not.
const MACHINES: [&str; 6] = [
    "node: {cpu: 4, memory: 16Gi}",
    "node: {cpu: 16, memory: 32Gi, overcommit: 1.2}",
    "node: {cpu: 6, memory: 64Gi}",
    "node: {cpu: 16, memory: 64Gi, disk: 120Gi}",
    "node: {cpu: 64, memory: 128Gi, maxPods: 30}",
    "nodes:\n    - {name: main, role: server, cpu: 4, memory: 8Gi}\n    \
     - {name: more, role: agent, count: 3, cpu: 4, memory: 8Gi}",
];

fn plan(machine: &str) -> Plan {
    let spec = format!(
        "apiVersion: espalier.dev/v1alpha1\nkind: Platform\nmetadata: {{name: room}}\nspec:\n  \
         repository: {{url: https://git.example.com/team/platform.git}}\n  {machine}\n  \
         domains: {{chat: chat.example.com, workspaces: ws.example.com}}\n  \
         certificates: {{email: operations@example.com}}\n  \
         components: {{ollama: {{models: [gemma3:270m]}}}}\n"
    );
    let (plan, found) = Plan::load([("spec/platform.yaml", &*spec)]);
    plan.unwrap_or_else(|| panic!("{}", found.json()))
}

fn tenant(plan: &Plan, name: &str, model: &str) -> Tenant {
    let resource = json!({
        "apiVersion": "apps.aichatworkspaces.io/v1alpha1",
        "kind": "AIChatWorkspace",
        "metadata": {"name": name},
        "spec": {"workspaceName": name, "workspaceENV": "dev", "models": [model], "administrator": administrator()},
    });
    let (tenant, found) = plan.tenant_of(&format!("{name}.yaml"), &resource);
    tenant.unwrap_or_else(|| panic!("{}", found.json()))
}

fn administrator() -> Value {
    let text = support::administrator();
    let field: Value = serde_yaml::from_str(&text).expect("YAML");
    field["administrator"].clone()
}

fn size(plan: &Plan, name: &str, model: &str) -> Size {
    tenant(plan, name, model).size()
}

/// What a list of findings says of capacity, word for word.
fn of_capacity(json: &str) -> Vec<Value> {
    let all: Vec<Value> = serde_json::from_str(json).expect("JSON");
    let is_one = |finding: &Value| {
        let code = finding["code"].as_str().expect("a code");
        capacity::RULES.iter().flat_map(|it| it.codes).any(|it| it.name == code)
    };
    all.into_iter().filter(is_one).collect()
}

/// What the whole compilation finds.
fn compiled(plan: &Plan, tenants: &BTreeMap<&str, &str>) -> Vec<Value> {
    let tenants = tenants.iter().map(|(name, model)| tenant(plan, name, model)).collect();
    of_capacity(&plan.tree(tenants).1.json())
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, max_shrink_iters: 100, ..Config::with_cases(32) })]

    #[test]
    fn it_finds_what_a_whole_compilation_finds(
        machine in sample::select(MACHINES.to_vec()),
        steps in proptest::collection::vec((0_usize..9, 0_usize..5), 1..14),
    ) {
        // Of two of these, one name is the beginning of the other.
        let names = ["a", "a-b", "ab", "b", "c", "team", "team-1", "team-2", "z"];
        let plan = plan(machine);
        let mut room = plan.room();
        let mut there = BTreeMap::new();
        for (name, model) in steps {
            let name = names[name];
            let Some(model) = MODELS.get(model) else {
                prop_assert_eq!(room.remove(name), there.remove(name).is_some());
                continue;
            };
            // Asked before it is added, it says the same, and nothing has changed.
            let before = room.findings().json();
            let asked = room.findings_with(size(&plan, name, model)).json();
            prop_assert_eq!(room.findings().json(), before);
            prop_assert_eq!(room.add(size(&plan, name, model)), there.contains_key(name));
            there.insert(name, *model);
            prop_assert_eq!(room.findings().json(), asked);
        }
        prop_assert_eq!(room.tenants(), there.len());
        prop_assert_eq!(of_capacity(&room.findings().json()), compiled(&plan, &there));
    }
}

/// The machines are such that each kind of finding is seen: what is compared is not two silences.
#[test]
fn every_machine_is_too_small_for_some() {
    let mut codes = BTreeSet::new();
    for machine in MACHINES {
        let plan = plan(machine);
        let mut room = plan.room();
        assert!(!room.findings().has_errors(), "{machine}: {}", room.findings().json());
        for at in 0..40 {
            room.add(size(&plan, &format!("team-{at}"), MODELS[0]));
        }
        let found = room.findings();
        assert!(found.has_errors(), "{machine}");
        codes.extend(found.list().iter().map(|it| it.code.to_owned()));
        for at in 0..40 {
            assert!(room.remove(&format!("team-{at}")));
        }
        assert!(!room.findings().has_errors(), "{machine}");
    }
    for code in
        ["node-memory-exceeded", "node-cpu-exceeded", "node-disk-exceeded", "node-pods-exceeded"]
    {
        assert!(codes.contains(code), "{code}: {codes:?}");
    }
}

/// As many more as it says, and not one beyond.
#[test]
fn as_many_more_fit_as_it_says() {
    for machine in MACHINES {
        let plan = plan(machine);
        let mut room: Room = plan.room();
        room.add(size(&plan, "first", MODELS[1]));
        let one = size(&plan, "one-more", MODELS[0]);
        let more = room.more(&one);
        assert!((1..60).contains(&more), "{machine}: {more}");
        for at in 0..more {
            room.add(size(&plan, &format!("more-{at:03}"), MODELS[0]));
        }
        let found = room.findings();
        assert!(!found.has_errors(), "{machine}, {more}: {}", found.json());
        assert_eq!(room.more(&one), 0, "{machine}");
        assert!(room.findings_with(one).has_errors(), "{machine}, {more}");
    }
}

/// The sums are those of the nodes and of what is on them.
#[test]
fn sums_follow_the_tenants() {
    let plan = plan(MACHINES[1]);
    let mut room = plan.room();
    let (before, one) = (room.sums(), size(&plan, "one", MODELS[0]));
    assert!(one.memory() > 1 << 30 && one.pods() >= 2 && one.cpu() > 0 && one.volumes() > 1 << 30);
    assert_eq!(one.namespace(), "one");
    room.add(one.clone());
    let with = room.sums();
    assert_eq!(with.memory_requested, before.memory_requested + one.memory());
    assert_eq!(with.cpu_requested, before.cpu_requested + one.cpu());
    assert_eq!(with.pods_counted, before.pods_counted + one.pods());
    assert_eq!((with.memory, with.cpu, with.pods), (before.memory, before.cpu, before.pods));
    assert!(room.remove("one") && !room.remove("one"));
    assert_eq!(room.sums(), before);
}
