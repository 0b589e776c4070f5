//! Who somebody is: which answer of the API server about a token is believed.

use k8s_openapi::api::authentication::v1::TokenReviewStatus;

use crate::cluster::reviews::User;

/// The two ways in.
#[derive(Clone, Debug)]
pub struct Ways {
    /// The audience of tokens that are made for this API.
    pub audience: String,
    /// The audience of the API server itself, with which it answers for tokens of an OIDC issuer.
    pub of_server: String,
    /// What the names of an issuer's users begin with; none where there is no issuer.
    pub prefix: Option<String>,
}

/// Why an answer is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// The API server does not know the token, or it has expired.
    Unknown,
    /// The token was made for somebody else.
    Audience,
}

impl Ways {
    /// The ways, as flags say them.
    ///
    /// # Errors
    /// When a prefix would let in whom no issuer has named.
    pub fn of(audience: String, of_server: String, prefix: Option<String>) -> Result<Self, String> {
        if audience.is_empty() || audience == of_server {
            return Err("the audience of the API is another one than the API server's".to_owned());
        }
        if let Some(prefix) = &prefix
            && (prefix.is_empty() || "system:".starts_with(prefix.as_str()))
        {
            return Err(format!("`{prefix}` is no prefix: the cluster's own users bear it, too"));
        }
        if prefix.as_ref().is_some_and(|it| it.starts_with("system:")) {
            return Err("names that begin with `system:` are the cluster's own".to_owned());
        }
        Ok(Self { audience, of_server, prefix })
    }

    /// For whom a token may have been made: the API server answers which of them it was.
    pub fn audiences(&self) -> Vec<String> {
        let server = self.prefix.iter().map(|_| self.of_server.clone());
        [self.audience.clone()].into_iter().chain(server).collect()
    }

    /// Believes what the API server says of a token, or not.
    ///
    /// A token that was made for this API names it. The token of an issuer names nobody whom the
    /// API server knows: for it the server answers with its own audience, as it does for an
    /// ordinary token of an account of the cluster, whose user does not bear the prefix.
    ///
    /// # Errors
    /// Why it is not believed.
    pub fn believe(&self, said: TokenReviewStatus) -> Result<User, Doubt> {
        let TokenReviewStatus { audiences, authenticated, error: _, user } = said;
        let (true, Some(user)) = (authenticated.unwrap_or_default(), user) else {
            return Err(Doubt::Unknown);
        };
        let user = User::from(user);
        if user.name.is_empty() {
            return Err(Doubt::Unknown);
        }
        let audiences = audiences.unwrap_or_default();
        let is_for = |audience: &String| audiences.contains(audience);
        let is_issued = self.prefix.as_ref().is_some_and(|prefix| {
            user.name.len() > prefix.len() && user.name.starts_with(prefix.as_str())
        });
        if is_for(&self.audience) || is_for(&self.of_server) && is_issued {
            Ok(user)
        } else {
            Err(Doubt::Audience)
        }
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::authentication::v1::UserInfo;

    use super::*;

    fn ways(prefix: Option<&str>) -> Ways {
        let prefix = prefix.map(str::to_owned);
        Ways::of("ours".to_owned(), "server".to_owned(), prefix).expect("ways")
    }

    /// Every combination of what the API server can answer.
    #[test]
    fn the_table_of_answers_is_whole() {
        let names = ["system:serviceaccount:a:b", "oidc:ada", "oidc:", "ada", ""];
        let audiences: [&[&str]; 6] =
            [&[], &["ours"], &["server"], &["other"], &["server", "ours"], &["other", "server"]];
        let mut believed = Vec::new();
        for prefix in [None, Some("oidc:")] {
            for authenticated in [None, Some(false), Some(true)] {
                for has_user in [false, true] {
                    for name in names {
                        for audiences in audiences {
                            let user = has_user.then(|| UserInfo {
                                username: Some(name.to_owned()),
                                ..UserInfo::default()
                            });
                            let said = TokenReviewStatus {
                                audiences: Some(audiences.iter().map(|it| (*it).into()).collect()),
                                authenticated,
                                error: None,
                                user,
                            };
                            let is_known =
                                authenticated == Some(true) && has_user && !name.is_empty();
                            let is_ours = audiences.contains(&"ours");
                            let is_issued = prefix.is_some()
                                && audiences.contains(&"server")
                                && name == "oidc:ada";
                            let expected = match (is_known, is_ours || is_issued) {
                                (false, _) => Err(Doubt::Unknown),
                                (true, false) => Err(Doubt::Audience),
                                (true, true) => Ok(name.to_owned()),
                            };
                            let found = ways(prefix).believe(said).map(|it| it.name);
                            assert_eq!(found, expected, "{prefix:?} {name} {audiences:?}");
                            believed.extend(found.map(|it| (prefix, it, audiences)));
                        }
                    }
                }
            }
        }
        // Four names with ours in two sets of audiences, with and without a prefix; and the user of
        // the issuer with the two that have the server's alone.
        assert_eq!(believed.len(), 4 * 2 * 2 + 2, "{believed:?}");
    }

    #[test]
    fn an_answer_without_audiences_is_not_believed() {
        let user = UserInfo { username: Some("oidc:ada".to_owned()), ..UserInfo::default() };
        let said = TokenReviewStatus {
            audiences: None,
            authenticated: Some(true),
            error: None,
            user: Some(user),
        };
        assert_eq!(ways(Some("oidc:")).believe(said), Err(Doubt::Audience));
    }

    #[test]
    fn the_server_is_named_where_there_is_an_issuer() {
        assert_eq!(ways(None).audiences(), ["ours"]);
        assert_eq!(ways(Some("oidc:")).audiences(), ["ours", "server"]);
    }

    #[test]
    fn a_prefix_is_of_the_issuer_alone() {
        for prefix in ["", "s", "system:", "system:serviceaccount:"] {
            let ways = Ways::of("ours".to_owned(), "server".to_owned(), Some(prefix.to_owned()));
            assert!(ways.is_err(), "{prefix}");
        }
        assert!(Ways::of("same".to_owned(), "same".to_owned(), None).is_err());
    }
}
