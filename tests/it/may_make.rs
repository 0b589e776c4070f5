//! What Applications may make, as declared, is what the golden platforms make together: no less, or
//! Argo CD refuses an object, and no more, or a project permits what nobody needs.

use std::collections::{BTreeMap, BTreeSet};

use espalier::{
    builder::{component::BuiltComponent, may_make::MayMake},
    components::{spec::may_make, workspace},
    facts::charts::ObjectKind,
};

use crate::support::{compile, golden_cases, texts_of};

/// Kinds, with the name of what belongs to the cluster, and namespaces.
type Made = (BTreeSet<(String, String, Option<String>)>, BTreeSet<String>);

fn add(made: &mut Made, component: &BuiltComponent) {
    made.1.insert(component.namespace.to_string());
    for object in &component.objects {
        let name = object.namespace().is_none().then(|| object.name().to_owned());
        made.0.insert((object.group().to_owned(), object.kind.to_owned(), name));
        made.1.extend(object.namespace().map(str::to_owned));
    }
}

fn declared(may_make: &MayMake) -> Made {
    let kinds = may_make.kinds.iter().map(|kind| match *kind {
        ObjectKind::Cluster(group, kind, name) => (group.into(), kind.into(), Some(name.into())),
        ObjectKind::Namespaced(group, kind) => (group.into(), kind.into(), None),
    });
    (kinds.collect(), may_make.namespaces.iter().map(|it| (*it).to_owned()).collect())
}

#[test]
fn what_may_be_made_is_what_the_golden_platforms_make() {
    let (mut made, mut of_tenants) = (BTreeMap::<String, Made>::new(), Made::default());
    for (_, folder) in golden_cases() {
        let texts = texts_of(&folder);
        let Some(plan) = compile(&texts).plan else { continue };
        // The first Application makes the projects, and belongs to another.
        for component in plan.components().iter().skip(1) {
            add(made.entry(component.name.to_string()).or_default(), component);
        }
        for (_, text) in texts.iter().filter(|it| it.0.starts_with("spec/workspaces/")) {
            let source =
                espalier::yaml::source::Source::parse("spec/workspaces/a.yaml", text.as_str());
            let workspace = source.read().0.expect("a golden workspace is right");
            add(&mut of_tenants, &plan.tenant(&workspace).expect("it is built").component);
        }
    }
    let mut said = Vec::new();
    for may_make in may_make() {
        let made = made.remove(may_make.application).unwrap_or_default();
        if made != declared(may_make) {
            said.push(format!(
                "{}: its component declares {:?}, the golden platforms make {made:?}",
                may_make.application,
                declared(may_make)
            ));
        }
    }
    said.extend(made.keys().map(|it| format!("{it} makes something, and no section may make it")));
    // A tenant's namespace is called as the tenant is.
    let kinds: BTreeSet<_> = of_tenants
        .0
        .into_iter()
        .map(|(group, kind, name)| (group, kind, name.map(|_| String::new())))
        .collect();
    if kinds != declared(&workspace::may_make::MAY_MAKE).0 {
        said.push(format!(
            "workspaces: {:?} and {kinds:?}",
            declared(&workspace::may_make::MAY_MAKE).0
        ));
    }
    assert!(said.is_empty(), "{}", said.join("\n"));
}
