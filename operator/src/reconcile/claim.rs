//! Whose a name, a host and a namespace are: what is there stays with who has it, and of those who
//! come later the oldest has the first right.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::{
    cluster::{
        fields,
        marks::{ARGO_CD, FORMER_WORKSPACE, OWNER, RETAINED_AT, WORKSPACE},
    },
    resource::{Age, Uid},
};

/// A namespace, as far as claims go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a mark that it bears or does not")]
pub struct Namespace {
    /// Its UID.
    pub uid: String,
    /// The UID of the resource that it belongs to.
    pub owner: Option<Uid>,
    /// Whether it is a workspace's, by its label.
    pub is_operated: bool,
    /// Whether the operator that was there before, or a tree, has made it for a workspace.
    pub is_former: bool,
    /// Whether Argo CD has applied it.
    pub is_of_argo_cd: bool,
    /// Whether its workspace is gone and its data is kept.
    pub is_retained: bool,
    /// Whether it is being deleted.
    pub is_terminating: bool,
}

impl Namespace {
    /// What its metadata says.
    pub fn of(meta: &ObjectMeta) -> Self {
        let label = |key: &str| meta.labels.as_ref().is_some_and(|it| it.contains_key(key));
        let annotation = |key: &str| meta.annotations.as_ref().and_then(|it| it.get(key));
        Self {
            uid: meta.uid.clone().unwrap_or_default(),
            owner: annotation(OWNER).map(|it| it.as_str().into()),
            is_operated: label(WORKSPACE),
            is_former: label(FORMER_WORKSPACE),
            is_of_argo_cd: fields::is_managed_by(meta, ARGO_CD),
            is_retained: annotation(RETAINED_AT).is_some(),
            is_terminating: meta.deletion_timestamp.is_some(),
        }
    }
}

/// Whether a workspace may have what it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It has it, or nobody does.
    Ours,
    /// Somebody else does: one word, and what to do.
    Refused(&'static str, String),
}

/// One who names the same.
#[derive(Clone, Debug)]
pub struct Rival {
    /// Its resource's name.
    pub name: String,
    /// Its place in the order of creation.
    pub age: Age,
    /// Whether its namespace is there and its own.
    pub has_namespace: bool,
}

impl Rival {
    /// Whether it comes before another.
    fn precedes(&self, other: &Self) -> bool {
        (!self.has_namespace, &self.age) < (!other.has_namespace, &other.age)
    }
}

/// What a workspace names, and who else does.
pub struct Contest<'a> {
    /// The workspace itself.
    pub own: Rival,
    /// Its name.
    pub name: &'a str,
    /// The namespace of that name.
    pub namespace: Option<&'a Namespace>,
    /// Whether the namespace's owner is a resource that is there: its name.
    pub owner: Option<String>,
    /// Whether the resource stands for a file of the tree.
    pub has_source: bool,
    /// The UID of the workspace whose data it takes over.
    pub restores: Option<&'a str>,
    /// Those who name the same workspace.
    pub same_name: Vec<Rival>,
    /// Its hosts, each with who names it too; none with the platform's own.
    pub hosts: Vec<(String, Option<Rival>)>,
}

/// Who has it.
pub fn claim(contest: &Contest<'_>) -> Claim {
    let Contest { own, name, .. } = contest;
    let is_ours = own.has_namespace;
    if !is_ours && let Some(refused) = namespace(contest) {
        return refused;
    }
    if let Some(first) = contest.same_name.iter().find(|it| it.precedes(own)) {
        return taken(name, &first.name);
    }
    for (host, rival) in &contest.hosts {
        let who = match rival {
            None => "the platform itself".to_owned(),
            Some(rival) if rival.precedes(own) => format!("AIChatWorkspace `{}`", rival.name),
            Some(_) => continue,
        };
        let message = format!("`{host}` is the host of {who}: write another one in `spec.hosts`");
        return Claim::Refused("HostTaken", message);
    }
    Claim::Ours
}

fn taken(name: &str, who: &str) -> Claim {
    let message = format!(
        "AIChatWorkspace `{who}` has the name `{name}` already: delete one of the two, or make \
         this one with another `spec.workspaceName`"
    );
    Claim::Refused("NameTaken", message)
}

/// Why a namespace that is there cannot be had.
fn namespace(contest: &Contest<'_>) -> Option<Claim> {
    let (found, name) = (contest.namespace?, contest.name);
    if let Some(owner) = &found.owner {
        if let Some(living) = &contest.owner {
            return Some(taken(name, living));
        }
        if contest.restores == Some(&**owner) {
            return None;
        }
        let message = format!(
            "namespace `{name}` holds the data of a deleted workspace: write `restore: {owner}` \
             below `spec` to take it over, or delete the namespace"
        );
        return Some(Claim::Refused("DataRetained", message));
    }
    if found.is_operated && found.is_of_argo_cd && contest.has_source {
        return None;
    }
    let message = if found.is_former {
        format!(
            "namespace `{name}` was made by another operator, or by Argo CD, whose objects have \
             other selectors or another owner: save its data, delete the namespace, and the \
             workspace is made anew"
        )
    } else {
        format!(
            "namespace `{name}` is there and belongs to no workspace: nothing in it is touched; \
             choose another `spec.workspaceName`"
        )
    };
    let reason = if found.is_former { "ForeignObjects" } else { "NamespaceForeign" };
    Some(Claim::Refused(reason, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rival(name: &str, created: &str, has_namespace: bool) -> Rival {
        Rival { name: name.to_owned(), age: (created.to_owned(), name.into()), has_namespace }
    }

    fn contest(own: Rival, namespace: Option<&Namespace>) -> Contest<'_> {
        Contest {
            own,
            name: "team",
            namespace,
            owner: None,
            has_source: false,
            restores: None,
            same_name: Vec::new(),
            hosts: Vec::new(),
        }
    }

    fn reason(contest: &Contest<'_>) -> &'static str {
        match claim(contest) {
            Claim::Ours => "Ours",
            Claim::Refused(reason, _) => reason,
        }
    }

    #[test]
    fn the_oldest_has_a_name_unless_somebody_lives_there() {
        let mut at = contest(rival("b", "2", false), None);
        at.same_name = vec![rival("a", "1", false)];
        assert_eq!(reason(&at), "NameTaken");
        at.same_name = vec![rival("c", "3", false)];
        assert_eq!(reason(&at), "Ours");
        at.same_name = vec![rival("c", "3", true)];
        assert_eq!(reason(&at), "NameTaken");
    }

    #[test]
    fn a_host_is_the_platforms_or_the_oldest_ones() {
        let mut at = contest(rival("b", "2", true), None);
        at.hosts = vec![("chat.example.org".to_owned(), None)];
        assert_eq!(reason(&at), "HostTaken");
        at.hosts = vec![("x.example.org".to_owned(), Some(rival("c", "1", false)))];
        assert_eq!(reason(&at), "Ours");
        at.hosts = vec![("x.example.org".to_owned(), Some(rival("c", "1", true)))];
        assert_eq!(reason(&at), "HostTaken");
    }

    #[test]
    fn a_namespace_is_its_owners_or_who_restores_it() {
        let plain = Namespace::default();
        assert_eq!(reason(&contest(rival("a", "1", false), Some(&plain))), "NamespaceForeign");
        let former = Namespace { is_former: true, ..plain.clone() };
        assert_eq!(reason(&contest(rival("a", "1", false), Some(&former))), "ForeignObjects");
        let owned = Namespace { owner: Some("old".into()), is_operated: true, ..plain.clone() };
        let mut at = contest(rival("a", "1", false), Some(&owned));
        assert_eq!(reason(&at), "DataRetained");
        at.restores = Some("other");
        assert_eq!(reason(&at), "DataRetained");
        at.restores = Some("old");
        assert_eq!(reason(&at), "Ours");
        at.owner = Some("z".to_owned());
        assert_eq!(reason(&at), "NameTaken");
    }

    #[test]
    fn what_argo_cd_made_of_a_file_goes_to_the_resource_of_that_file() {
        let made = Namespace {
            is_operated: true,
            is_former: true,
            is_of_argo_cd: true,
            ..Namespace::default()
        };
        let mut at = contest(rival("a", "1", false), Some(&made));
        assert_eq!(reason(&at), "ForeignObjects");
        at.has_source = true;
        assert_eq!(reason(&at), "Ours");
    }
}
