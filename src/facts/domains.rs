//! Names that no public DNS answers with an address of the internet, and how many certificates one
//! domain gets.

/// Endings that are in no public DNS, but for those of examples (`example-value`): RFC 6761, RFC
/// 6762 with its appendix G, RFC 7686, RFC 8375, RFC 9476, and what ICANN has reserved (`internal`)
/// or never delegates (`corp`, `home`, `mail`). The cluster's own names end in `local`.
const PRIVATE: [&str; 16] = [
    "alt",
    "corp",
    "domain",
    "home",
    "home.arpa",
    "host",
    "internal",
    "intranet",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "mail",
    "onion",
    "private",
    "test",
];

/// Endings of cloud providers' names that lead to addresses of the customer's own network, and to
/// no others: the private endpoints of AWS; Azure's databases in a virtual network, and its
/// machines; Google's Private Service Connect; IBM's private endpoints; Oracle's networks. The
/// machines of AWS (`ec2.internal`, `compute.internal`) and of Google end in `internal`.
const OF_PROVIDERS: [&str; 7] = [
    "internal.cloudapp.net",
    "oraclevcn.com",
    "p.googleapis.com",
    "private.databases.appdomain.cloud",
    "private.mysql.database.azure.com",
    "private.postgres.database.azure.com",
    "vpce.amazonaws.com",
];

/// The label of the zones with which Azure's Private Link answers in a virtual network
/// (`privatelink.blob.core.windows.net`).
const PRIVATE_LINK: &str = "privatelink";

/// What of a name says that it is known in a private network only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Private {
    /// It has no dot: only a search domain completes it.
    OneLabel,
    /// Its ending.
    Ending(&'static str),
    /// It is one of Azure's Private Link.
    Link,
}

/// Whether a name is known in private networks only, and by what; not an address.
pub fn private(host: &str) -> Option<Private> {
    let host = host.to_ascii_lowercase();
    if !host.contains('.') && host != "localhost" {
        return Some(Private::OneLabel);
    }
    let has = |ending: &str| {
        host.strip_suffix(ending).is_some_and(|above| above.is_empty() || above.ends_with('.'))
    };
    if let Some(ending) = PRIVATE.into_iter().chain(OF_PROVIDERS).find(|it| has(it)) {
        return Some(Private::Ending(ending));
    }
    host.split('.').any(|it| it == PRIVATE_LINK).then_some(Private::Link)
}

/// Whether a name means the machine, or the pod, that asks.
pub fn is_own(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}

/// A domain whose every name leads to the computer that asks for it (127.0.0.1): what the AIChat
/// Workspace Operator takes where nothing else is said.
pub const LOCAL: &str = "localtest.me";

/// Certificates that Let's Encrypt's server for users issues for one registered domain within
/// seven days; renewals do not count (letsencrypt.org/docs/rate-limits).
pub const CERTIFICATES_A_WEEK: usize = 50;
/// Of these, the ones that are left for what the platform does not know of: other sites of the
/// domain, and hosts that only look as if they were of another one.
pub const CERTIFICATES_LEFT: usize = 5;

#[cfg(test)]
mod tests {
    use super::{Private, is_own, private};

    #[test]
    fn what_is_in_no_public_dns_is_private() {
        for host in [
            "chat.garden.lan",
            "ai.local",
            "Chat.Team.Internal",
            "x.test",
            "a.localhost",
            "ai.home.arpa",
            "ai.home",
            "ai.corp",
            "gitea.apps.svc.cluster.local",
            "ip-10-0-0-5.eu-central-1.compute.internal",
            "db.europe-west3-a.c.garden.internal",
            "garden.private.postgres.database.azure.com",
            "vpce-0123.s3.eu-central-1.vpce.amazonaws.com",
        ] {
            assert!(matches!(private(host), Some(Private::Ending(_))), "{host}");
        }
        assert_eq!(private("gitea"), Some(Private::OneLabel));
        assert_eq!(private("backups.privatelink.blob.core.windows.net"), Some(Private::Link));
        for host in [
            "chat.garden.dev",
            "lan.garden.dev",
            "chat.flan",
            "notlocal.dev",
            "in-addr.arpa",
            "local.de",
            "test.com",
            "my-home.dev",
            "s3.eu-central-1.amazonaws.com",
            "garden.postgres.database.azure.com",
            "storage.googleapis.com",
        ] {
            assert_eq!(private(host), None, "{host}");
        }
        assert!(is_own("localhost") && is_own("git.localhost") && !is_own("localhost.garden.dev"));
    }
}
