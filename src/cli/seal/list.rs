//! `seal` without arguments: lists every credential, where it is needed, and its state.

use std::collections::BTreeMap;

use serde::Serialize;

use super::ways;
use crate::{
    cli::{
        args::Format,
        clock,
        console::{Console, count},
        outcome::Outcome,
        session::Session,
        table::Table,
    },
    diag::plain,
    plan::Plan,
    platform::files::SEALING,
    seal::certificate::Certificate,
    sealing::NeededCredential,
};

/// One credential in one namespace.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CredentialRow {
    credential: String,
    keys: Vec<&'static str>,
    namespace: String,
    state: State,
    /// The keys that are not sealed.
    missing: Vec<&'static str>,
    used_by: Vec<String>,
}

/// The state of a credential in a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    /// Sealed as needed.
    Sealed,
    /// Not sealed.
    NotSealed,
    /// Sealed, but a key is missing.
    Stale,
    /// Sealed for other namespaces only.
    SealedForOthers,
    /// Sealed with a certificate other than `spec/sealing.pem`.
    OtherCertificate,
    /// Sealed with an expired certificate: the values still decrypt, but no new ones can be sealed.
    ExpiredCertificate,
    /// Sealed, but not needed.
    NotUsed,
}

impl State {
    /// The state as text, and what to do about it.
    const fn words(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Sealed => ("sealed", None),
            Self::NotSealed => (
                "not sealed",
                Some(
                    "`espalier seal --generate-missing`, then `espalier seal CREDENTIAL` for the \
                     values that only you know",
                ),
            ),
            Self::Stale => ("stale", Some("`espalier seal CREDENTIAL` adds the missing keys")),
            Self::SealedForOthers => (
                "sealed for other namespaces",
                Some("`espalier seal --rotate CREDENTIAL` seals new values for every namespace"),
            ),
            Self::OtherCertificate => {
                ("sealed with another certificate", Some("`espalier seal --reseal`"))
            }
            Self::ExpiredCertificate => (
                "sealed with an expired certificate",
                Some("`espalier seal init --replace`, whose last line names the next command"),
            ),
            Self::NotUsed => ("not used", None),
        }
    }
}

/// Runs the verb.
///
/// # Errors
/// When stdout cannot be written.
pub fn run(
    plan: &Plan,
    needs: &[NeededCredential],
    now: i64,
    session: Session<'_>,
    console: &mut Console,
) -> anyhow::Result<Outcome> {
    let rows = rows(plan, needs, now);
    if console.format() == Format::Json {
        console.data(&(plain::json(&serde_json::to_string_pretty(&rows)?).into_owned() + "\n"))?;
        return Ok(Outcome::Clean);
    }
    let mut table = Table::new(&["credential", "keys", "namespace", "state", "used by"]);
    for row in &rows {
        let missing = if row.state == State::Stale {
            format!(": without {}", row.missing.join(", "))
        } else {
            String::new()
        };
        let state = format!("{}{missing}", row.state.words().0);
        table.row([
            row.credential.clone(),
            row.keys.join(", "),
            row.namespace.clone(),
            state,
            row.used_by.join(", "),
        ]);
    }
    let sealing = plan.platform().sealing.as_ref();
    let certificate = sealing.map_or_else(
        || format!("there is no {SEALING}"),
        |sealing| {
            let verb = if now > sealing.not_after { "expired on" } else { "valid until" };
            format!(
                "{SEALING}: {}, {verb} {}",
                sealing.fingerprint,
                clock::written(sealing.not_after)
            )
        },
    );
    let mut open: Vec<State> =
        rows.iter().map(|it| it.state).filter(|it| it.words().1.is_some()).collect();
    let totals = totals(needs, &rows);
    open.sort_unstable();
    open.dedup();
    let init = || {
        "`espalier seal init` creates a key pair, or uses the certificate of a cluster".to_owned()
    };
    let init = sealing.is_none().then(|| ways::back(session).unwrap_or_else(init));
    let certified = session
        .work
        .sources
        .texts
        .get(SEALING)
        .and_then(|it| Certificate::parse(it.text.as_bytes()).ok());
    let way = |state: &State| match (state, &certified) {
        // With the paths of the keys on this machine.
        (State::OtherCertificate, Some(certificate)) => Some(ways::again(session, certificate)),
        _ => state.words().1.map(str::to_owned),
    };
    let next: String = init
        .into_iter()
        .chain(open.iter().filter_map(way))
        .fold(String::new(), |text, way| format!("{text}next: {way}\n"));
    console.data(&table.folded(console.width()))?;
    console.prose(&format!(
        "\n{}: {totals}\n{certificate}\n{next}",
        count(needs.len(), "credential")
    ))?;
    Ok(Outcome::Clean)
}

/// `all sealed`, or the number of credentials in each state; one with different states in several
/// namespaces counts as the worst of them.
fn totals(needs: &[NeededCredential], rows: &[CredentialRow]) -> String {
    let mut states: BTreeMap<State, usize> = BTreeMap::new();
    for need in needs {
        let its = rows.iter().filter(|it| it.credential == need.declared.name).map(|it| it.state);
        *states.entry(its.max().unwrap_or(State::NotSealed)).or_default() += 1;
    }
    if states.keys().all(|it| *it == State::Sealed) {
        return "all sealed".to_owned();
    }
    let word = |state: &State| if *state == State::NotSealed { "missing" } else { state.words().0 };
    states
        .iter()
        .map(|(state, number)| format!("{number} {}", word(state)))
        .collect::<Vec<_>>()
        .join(", ")
}

fn rows(plan: &Plan, needs: &[NeededCredential], now: i64) -> Vec<CredentialRow> {
    let platform = plan.platform();
    let sealing = platform.sealing.as_ref();
    let mut rows = Vec::new();
    for need in needs {
        let name = need.declared.name;
        let file = platform.sealed.file(name);
        let its = file.and_then(|it| it.certificate.as_ref());
        let is_other = its.zip(sealing).is_some_and(|(its, current)| *its != current.fingerprint);
        let is_expired = its
            .zip(sealing)
            .is_some_and(|(its, current)| *its == current.fingerprint && now > current.not_after);
        for namespace in &need.namespaces {
            let there = platform.sealed.keys(name, namespace);
            let keys: Vec<&str> = need.declared.keys.iter().map(|it| it.name).collect();
            let missing: Vec<&str> = keys
                .iter()
                .copied()
                .filter(|key| there.is_none_or(|it| !it.contains_key(*key)))
                .collect();
            let state = match there {
                None if file.is_some() => State::SealedForOthers,
                None => State::NotSealed,
                Some(_) if !missing.is_empty() => State::Stale,
                Some(_) if is_other => State::OtherCertificate,
                Some(_) if is_expired => State::ExpiredCertificate,
                Some(_) => State::Sealed,
            };
            let users = plan
                .secrets()
                .iter()
                .find(|it| it.credential.name() == name && it.namespace == *namespace);
            let used_by =
                users.into_iter().flat_map(|it| &it.used_by).map(ToString::to_string).collect();
            rows.push(CredentialRow {
                credential: name.to_owned(),
                keys,
                namespace: namespace.to_string(),
                state,
                missing,
                used_by,
            });
        }
    }
    for (name, file) in
        platform.sealed.files().filter(|it| needs.iter().all(|need| need.declared.name != it.0))
    {
        let namespaces: Vec<&str> = file.sealed.keys().map(|it| &**it).collect();
        let credential = name.to_owned();
        rows.push(CredentialRow {
            credential,
            keys: Vec::new(),
            namespace: namespaces.join(", "),
            state: State::NotUsed,
            missing: Vec::new(),
            used_by: Vec::new(),
        });
    }
    rows
}
