//! Who asks, and what they may do: the API server says so, and a yes is remembered for a moment.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use http::{HeaderMap, header::AUTHORIZATION};
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use super::{
    counts::Counts,
    identity::{Doubt, Ways},
    problem::{self, Problem},
    translate,
};
use crate::cluster::{
    Cluster,
    reviews::{Right, User},
};

/// How long a yes is remembered.
const KEPT: Duration = Duration::from_secs(10);
/// How many tokens, and rights of each, are remembered.
const MOST: usize = 1024;
/// The longest token that is shown to the API server.
const LONGEST: usize = 12 * 1024;
/// The resource that rights are of.
const RESOURCE: &str = "aichatworkspaces.apps.aichatworkspaces.io";
const CHALLENGE: &str = "Bearer realm=\"aichat-workspace-api\"";
const REFUSED: &str = "Bearer realm=\"aichat-workspace-api\", error=\"invalid_token\"";

/// A token, as it is remembered: its SHA-256.
type Key = [u8; 32];

/// Somebody whose token was reviewed.
#[derive(Clone, Debug)]
pub struct Caller {
    key: Key,
    /// Who it is.
    pub user: Arc<User>,
}

struct Known {
    user: Arc<User>,
    until: Instant,
    rights: BTreeMap<Right, Instant>,
}

/// What the API server has said.
pub struct Access {
    ways: Ways,
    known: Mutex<BTreeMap<Key, Known>>,
}

/// The token of a request.
fn token(headers: &HeaderMap) -> Result<&str, Problem> {
    let absent = || {
        problem::NOT_AUTHENTICATED
            .says("send `Authorization: Bearer` and a token")
            .challenge(CHALLENGE)
    };
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (all.next(), all.next()) else { return Err(absent()) };
    let text = value.to_str().map_err(|_| absent())?;
    let (scheme, token) = text.split_once(' ').ok_or_else(absent)?;
    let token = token.trim();
    let is_token = !token.is_empty()
        && token.len() <= LONGEST
        && token.bytes().all(|it| it.is_ascii_graphic());
    (scheme.eq_ignore_ascii_case("bearer") && is_token).then_some(token).ok_or_else(absent)
}

impl Access {
    /// Nothing is known yet.
    pub fn new(ways: Ways) -> Self {
        Self { ways, known: Mutex::default() }
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<Key, Known>> {
        self.known.lock().expect("nobody panics while holding it")
    }

    /// Who bears the token of a request.
    ///
    /// # Errors
    /// When there is no token, nobody knows it, or it was made for somebody else.
    pub async fn caller(
        &self,
        cluster: &Cluster,
        headers: &HeaderMap,
        counts: &Counts,
    ) -> Result<Caller, Problem> {
        let token = token(headers)?;
        let key: Key = Sha256::digest(token.as_bytes()).into();
        let now = Instant::now();
        let user = self.known().get(&key).filter(|it| it.until > now).map(|it| it.user.clone());
        if let Some(user) = user {
            return Ok(Caller { key, user });
        }
        let said = cluster.review_token(token, self.ways.audiences()).await;
        counts.reviewed("token");
        let user = self.ways.believe(said.map_err(|it| translate::of_all(&it))?);
        let user = user.map_err(|doubt| {
            let detail = match doubt {
                Doubt::Unknown => "the API server does not know the token, or it has expired",
                Doubt::Audience => "the token was made for somebody else than this API",
            };
            problem::NOT_AUTHENTICATED.says(detail).challenge(REFUSED)
        })?;
        let user = Arc::new(user);
        self.keep(key, &user, now);
        Ok(Caller { key, user })
    }

    fn keep(&self, key: Key, user: &Arc<User>, now: Instant) {
        let mut known = self.known();
        if known.len() >= MOST {
            known.retain(|_, known| known.until > now);
        }
        if known.len() >= MOST {
            let first = known.iter().min_by_key(|it| it.1.until).map(|it| *it.0);
            first.and_then(|it| known.remove(&it));
        }
        let until = now + KEPT;
        known.insert(key, Known { user: user.clone(), until, rights: BTreeMap::new() });
    }

    /// Asks whether somebody may do something.
    ///
    /// # Errors
    /// When they may not: which verb on what they lack.
    pub async fn allow(
        &self,
        cluster: &Cluster,
        caller: &Caller,
        right: Right,
        counts: &Counts,
    ) -> Result<(), Problem> {
        let now = Instant::now();
        let until = self.known().get(&caller.key).and_then(|it| it.rights.get(&right).copied());
        if until.is_some_and(|it| it > now) {
            return Ok(());
        }
        let said = cluster.review_access(&caller.user, &right).await;
        counts.reviewed("access");
        if said.map_err(|it| translate::of_all(&it))? {
            if let Some(known) = self.known().get_mut(&caller.key) {
                known.rights.retain(|_, until| *until > now);
                if known.rights.len() < MOST {
                    known.rights.insert(right, now + KEPT);
                }
            }
            return Ok(());
        }
        let of = right.name.map_or_else(String::new, |it| format!(" `{it}`"));
        Err(problem::NOT_ALLOWED.says(format!(
            "`{}` has no right to the verb `{}` on {RESOURCE}{of} in the namespace `{}`",
            caller.user.name, right.verb, cluster.namespace
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bearer_has_a_token() {
        let found = |value: &str| {
            let headers = HeaderMap::from_iter([(AUTHORIZATION, value.parse().expect("a header"))]);
            token(&headers).map(str::to_owned).map_err(|it| it.kind().status)
        };
        assert_eq!(found("Bearer abc"), Ok("abc".to_owned()));
        assert_eq!(found("bearer  abc "), Ok("abc".to_owned()));
        let long = format!("Bearer {}", "a".repeat(LONGEST + 1));
        for value in ["", "Bearer", "Bearer ", "Basic abc", "abc", "Bearer a b", &long] {
            assert_eq!(found(value), Err(401), "{value:.20}");
        }
        assert_eq!(token(&HeaderMap::new()).map_err(|it| it.kind().status), Err(401));
        let mut twice = HeaderMap::new();
        for value in ["Bearer a", "Bearer b"] {
            twice.append(AUTHORIZATION, value.parse().expect("a header"));
        }
        assert!(token(&twice).is_err());
    }
}
