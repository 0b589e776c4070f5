//! Invariants that every generated tree keeps, whatever the spec: each looks at the emitted YAML
//! alone, read by another reader.
//!
//! They run over the golden trees and over random platforms; planted faults show that each of them
//! finds something.

mod alertmanager;
mod argocd;
mod credentials;
mod disk;
mod form;
mod planted;
mod pods;
mod references;

use std::collections::BTreeMap;

use crate::support::{Compiled, Read};

/// A tree, read back.
pub struct Tree {
    /// Paths and bytes.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Its objects.
    pub objects: Vec<Read>,
}

/// What an invariant finds in a tree; nothing if the tree keeps it.
pub type Law = fn(&Tree) -> Vec<String>;

/// All invariants, by name.
pub const ALL: [(&str, Law); 35] = [
    ("paths are injective, also where a file system folds case", form::paths),
    ("paths are names to every system, shell and Git", form::named_everywhere),
    ("files begin with the header and end with a newline", form::files),
    ("Argo CD reads every file, and no more of it than the objects", form::argocd_reads_it),
    ("nothing is emitted that the API server would drop", form::nothing_empty),
    ("quantities are canonical", form::quantities),
    ("names have 63 characters at most, and Services' begin with a letter", form::names),
    ("another reader's re-emission says the same", form::read_back),
    ("labels are complete, selectors use two of them", form::labels),
    ("environment and ports name each thing once", pods::names_once),
    ("containers have requests and a limit", pods::resources),
    ("pods fill their own room on the disk", disk::bounded),
    ("pods of charts do so too", disk::of_charts),
    ("pods keep the restricted standard", pods::restricted),
    ("pods have an account of their own and no token", pods::accounts),
    ("images are pinned", pods::images),
    ("probes ask ports that are there", pods::probes),
    ("StatefulSets wait for no broken pod", pods::rolled_back),
    ("no deadline ends work that starts over", pods::deadlines),
    ("nothing stands in a command that the kubelet would change", pods::read_by_the_kubelet),
    ("pods ask for names as they are written", pods::dots),
    ("names of the cluster's are written whole", pods::whole_names),
    ("volumes are there, mounted, and claims exist", pods::volumes),
    ("selectors select pods that exist", references::selectors),
    ("Services' and Ingresses' ports exist", references::ports),
    ("a StatefulSet's Service exists", references::service_names),
    ("Secrets' keys are among a credential's", credentials::secret_keys),
    ("objects' namespaces are made, or the cluster's", references::namespaces),
    ("priorities are made, and displace nobody", references::priorities),
    ("no object belongs to two Applications", references::one_owner),
    ("Applications have the form that Argo CD needs", argocd::applications),
    ("projects permit every object, and no other", argocd::projects),
    ("waves respect what the objects need", argocd::waves),
    ("Argo CD knows the SSH server that the root comes from", argocd::knows_its_server),
    ("Applications' folders exist, and folders have an Application", argocd::folders),
];

impl Tree {
    /// The tree of a compiled spec.
    pub fn of(compiled: &Compiled) -> Self {
        Self { files: compiled.files.clone(), objects: compiled.objects() }
    }

    /// Objects of a kind.
    pub fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Read> {
        self.objects.iter().filter(move |it| it.kind() == kind)
    }

    /// An object by kind, namespace and name.
    pub fn find(&self, kind: &str, namespace: Option<&str>, name: &str) -> Option<&Read> {
        self.objects
            .iter()
            .find(|it| it.kind() == kind && it.namespace() == namespace && it.name() == name)
    }

    /// Every set of pods that can exist, with its namespace: those of the tree, of charts, of the
    /// cluster, and those created at run time.
    pub fn all_pods(&self) -> Vec<(String, BTreeMap<String, String>)> {
        references::all_pods(self)
    }

    /// What the invariants find.
    pub fn broken(&self) -> String {
        let said = ALL.iter().flat_map(|(name, invariant)| {
            invariant(self).into_iter().map(move |it| format!("{name}: {it}\n"))
        });
        said.collect()
    }
}

/// The pods and the port behind a chart's Service, where the tree has that chart.
pub fn behind_chart(
    tree: &Tree,
    namespace: &str,
    service: &str,
    port: &serde_yaml::Value,
) -> Option<(&'static str, u16)> {
    references::behind_chart(tree, namespace, service, port)
}

/// The namespace that a policy's peer names.
pub fn namespace_of(peer: &serde_yaml::Value) -> Option<&str> {
    references::namespace_of(peer)
}
