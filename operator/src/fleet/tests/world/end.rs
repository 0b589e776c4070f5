//! What there has to be in the small world once nothing happens any more.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{World, is_labelled, kind};
use crate::{cluster::marks::OWNER, fleet::expand, reconcile::made, resource::Written};

impl World {
    /// The end: what each resource says is there, and nothing else that bears our label.
    pub fn is_as_it_should_be(&mut self) {
        let mut expected = BTreeMap::new();
        for (uid, resource) in &self.resources {
            let name = resource["spec"]["workspaceName"].as_str().expect("a name").to_owned();
            let id = (kind("Namespace"), name.clone(), name.clone());
            let owner = self.things.get(&id).map(|it| it.meta["annotations"][OWNER].clone());
            if owner.as_ref() != Some(&Value::from(&**uid)) {
                assert!(owner.is_some(), "{name} has no namespace, and nothing keeps it from one");
                continue;
            }
            let written = Written::of(resource);
            let (tenant, _) = expand(&self.plan, &written).expect("no panic");
            for made in made::all(&tenant.expect("it is sound"), uid) {
                let id = (usize::from(made.key.kind), name.clone(), made.name.clone());
                expected.insert(id, made.hash);
            }
        }
        let owned: Vec<String> = expected.keys().map(|it| it.1.clone()).collect();
        for (id, hash) in &expected {
            let there = self.things.get(id).unwrap_or_else(|| panic!("{id:?} is not there"));
            assert_eq!(there.body, *hash, "{id:?}");
        }
        for (id, thing) in &self.things {
            let is_stray =
                is_labelled(&thing.meta) && owned.contains(&id.1) && !expected.contains_key(id);
            assert!(!is_stray || !made::may_prune(id.0), "{id:?} is nobody's");
        }
        for id in &self.strangers {
            assert!(self.things.contains_key(id), "{id:?} was no business of ours");
        }
    }
}
