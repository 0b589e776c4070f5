//! The administrator of a workspace, sealed into its resource: for its namespace and one name.

use espalier::{
    components::workspace::administrator::secret_name,
    names::DnsLabel,
    seal::{form::is_sealed, value::SealingScope},
    sealing::workspace::seal,
};

use super::{
    keys::{Keys, keys},
    open::open_with,
    seeded::Seeded,
};

fn label(text: &str) -> DnsLabel {
    text.parse().expect("it is a label")
}

#[test]
fn it_opens_in_its_own_namespace_and_under_its_own_name_only() {
    let Keys { certificate, private, .. } = keys(2048);
    let team = label("team-a");
    let sealed = seal(certificate, &team, None, b"correct horse", &mut Seeded::new(1));
    let sealed = sealed.expect("it can be sealed");
    assert_eq!(sealed.certificate.as_deref(), Some(certificate.fingerprint()));
    let name = secret_name("team-a", sealed.suffix.as_ref());
    let suffix = sealed.suffix.as_deref().expect("a new value has a new name");
    assert_eq!(name, format!("team-a-sign-in-{suffix}"));
    let own = SealingScope::Strict { namespace: "team-a", name: &name };
    assert_eq!(open_with(private, own, &sealed.password).as_deref(), Ok(&b"correct horse"[..]));
    let key = sealed.secret_key.as_ref().expect("nobody needs to know it");
    let opened = open_with(private, own, key).expect("it opens");
    assert!(opened.len() == 48 && opened.iter().all(u8::is_ascii_alphanumeric));
    let others = [
        SealingScope::Strict { namespace: "team-b", name: &name },
        SealingScope::Strict { namespace: "team-a", name: "team-a-sign-in" },
        SealingScope::NamespaceWide { namespace: "team-a" },
        SealingScope::ClusterWide,
    ];
    for text in [&sealed.password, key] {
        assert_eq!(is_sealed(text), Ok(()));
        for scope in others {
            assert!(open_with(private, scope, text).is_err(), "{scope:?}");
        }
    }
}

/// A new value is a new Secret, so pods wait for it; and another key.
#[test]
fn sealing_again_changes_the_name() {
    let Keys { certificate, .. } = keys(2048);
    let team = label("team-a");
    let of = |old: Option<&DnsLabel>, seed| {
        let sealed = seal(certificate, &team, old, b"correct horse", &mut Seeded::new(seed));
        sealed.expect("it can be sealed")
    };
    let first = of(None, 7);
    // The same random source would draw the same ending.
    let second = of(first.suffix.as_ref(), 7);
    assert_ne!(first.suffix, second.suffix);
    assert_ne!(first.password, second.password);
}
