//! Names are checked once, when they are read, and messages say what to write instead.

use std::{fmt::Debug, str::FromStr};

use espalier::names::{
    Address, Bucket, Cidr, DnsLabel, Email, Endpoint, GitBranch, GitUrl, Host, K3sVersion,
    LabelKey, LabelValue, ModelName, ObjectName, RelativePath, SqlName, Tag, schedule::Schedule,
};
use proptest::prelude::*;

use super::{any_text, assert_round_trip};

proptest! {
    /// An accepted name is accepted again, and its schema is never narrower than its check.
    #[test]
    fn names_are_stable(text in prop_oneof!["[a-zA-Z0-9._@:/~^* -]{0,24}", "[a-z0-9-]{1,70}", "[a-z0-9.]{1,30}", "(https|ssh)://[a-z.@:/]{1,20}", "v?[0-9x.]{1,8}(-[a-z]{1,4})?", "v1\\.[0-9]{1,2}\\.[0-9](-rc1)?[+-]k3s[0-9]?", "[0-9]{1,3}(\\.[0-9]{1,2}){3}/[0-9]{1,2}", "[0-9*,/-]{1,5}( [0-9*,/-]{1,5}){4}", "\\PC{0,12}"]) {
        macro_rules! check {
            ($($name:ident)+) => {
                $(if let Ok(name) = text.parse::<$name>() { assert_round_trip(&name, any_text)? })+
            };
        }
        check!(Bucket Endpoint Schedule LabelKey LabelValue Address Cidr SqlName DnsLabel Host Email GitUrl GitBranch RelativePath ModelName ObjectName Tag K3sVersion);
    }
}

/// What is accepted, and what is refused with which message.
fn assert_names<T: FromStr<Err = String> + ToString + Debug>(good: &[&str], bad: &[(&str, &str)]) {
    for text in good {
        assert_eq!(text.parse::<T>().unwrap_or_else(|why| panic!("{why}")).to_string(), *text);
    }
    for (text, hint) in bad {
        let message = text.parse::<T>().expect_err(text);
        assert!(message.contains(hint), "{text}: {message}");
    }
}

#[test]
fn labels_and_hosts() {
    assert_names::<DnsLabel>(
        &["a", "ws-1", "0", &"a".repeat(63)],
        &[
            ("", "must not be empty"),
            ("A_b", "write `a-b`"),
            ("-a", "write `a`"),
            ("a.b", "write `a-b`"),
            (&"a".repeat(64), "at most 63"),
            ("ü", "lower-case letters"),
            ("con", "a device name on Windows"),
            ("aux", "write another name, like `aux-1`"),
            ("nul", "a device name on Windows"),
            ("prn", "a device name on Windows"),
            ("com0", "a device name on Windows"),
            ("lpt9", "a device name on Windows"),
        ],
    );
    assert_names::<ObjectName>(
        &["local-path", "nfs.csi.k8s.io", "a", &["a"; 127].join(".")],
        &[
            ("Local_Path", "write `local-path`"),
            ("nfs..csi", "lower-case letters"),
            ("", "lower-case letters"),
            (&["a"; 128].join("."), "at most 253"),
        ],
    );
    assert_names::<Address>(
        &["db.example.org", "192.168.7.20", "8.8.8.8"],
        &[
            ("db.example.org:5432", "write the host only, `db.example.org`"),
            ("postgresql://db.example.org", "`db.example.org`"),
            ("::1", "IPv4"),
            ("[fe80::1]:5432", "IPv4"),
            ("db", "with its domain"),
            ("192.168.7.256", "not a host name"),
            ("192.168.07.1", "not a host name"),
        ],
    );
    assert_names::<LabelKey>(
        &["gpu", "nvidia.com/gpu.count", "Tier_1"],
        &[
            ("", "like `gpu`"),
            ("a/b/c", "like `gpu`"),
            ("-a", "like `gpu`"),
            ("Nvidia.com/gpu", "like `gpu`"),
            (&"a".repeat(64), "like `gpu`"),
        ],
    );
    assert_names::<LabelValue>(
        &["", "large", "A.b_c-1"],
        &[("a b", "at most 63"), ("-a", "both ends"), (&"a".repeat(64), "at most 63")],
    );
    assert_names::<Cidr>(
        &["0.0.0.0/0", "192.168.7.0/24", "192.168.7.20/32", "10.128.0.0/9"],
        &[
            ("192.168.7.20/24", "write `192.168.7.0/24`, or `192.168.7.20/32`"),
            ("192.168.7.20", "write `192.168.7.20/32`"),
            ("192.168.7.0/33", "like `192.168.7.0/24`"),
            ("192.168.7.0/024", "like `192.168.7.0/24`"),
            ("fd00::/8", "IPv4"),
            ("1.2.3.4/0", "write `0.0.0.0/0`"),
        ],
    );
    assert_names::<SqlName>(
        &["openwebui", "Chat_2", "team-a.chat", "_x"],
        &[("", "at most 63"), ("a b", "letters"), ("a@b", "letters"), ("-a", "letters")],
    );
    assert_names::<Host>(
        &["chat.example.org", "a.b", "1.2.3.a", "xn--bcher-kva.example"],
        &[
            ("https://Chat.example.org:443/x", "write the host only, `chat.example.org`"),
            ("chat.example.org:443", "`chat.example.org`"),
            ("chat.example.org.", "`chat.example.org`"),
            ("Chat.Example.org", "`chat.example.org`"),
            ("*.example.org", "wildcard"),
            ("localhost", "with its domain"),
            ("10.0.0.1", "not a host name"),
            ("", "not a host name"),
            ("a..b", "not a host name"),
            ("bücher.example", "not a host name"),
            (&format!("{}.org", "a".repeat(64)), "at most 63"),
            (&"a.".repeat(130), "at most 253"),
        ],
    );
    assert_names::<Email>(
        &["ops@example.org", "a.b+c@x.example", "o'k@example.org"],
        &[
            ("ops", "like"),
            ("@example.org", "like"),
            ("a b@c.d", "like"),
            ("a@b", "like"),
            ("a..b@c.de", "like"),
            ("\"a\"@c.de", "like"),
            ("a@b@c.de", "like"),
        ],
    );
}

#[test]
fn git() {
    assert_names::<GitUrl>(
        &[
            "https://github.com/o/n.git",
            "http://git.local:3000/o/n",
            "ssh://git@host:22/o/n",
            "git@github.com:o/n.git",
        ],
        &[
            ("https://user:secret@host/x", "credentials"),
            ("https://token@host/x", "credentials"),
            ("ftp://host/x", "must begin with"),
            ("github.com/o/n", "write it like"),
            ("https://github.com", "write it like"),
            ("https://github.com/", "write it like"),
            ("https://a b/c", "space"),
            ("https:///x", "write it like"),
            ("", "write it like"),
            // Options for Git, for ssh, and for the shell of the server.
            ("-q@git.example.com:x/y.git", "as an option"),
            ("-oProxyCommand=x@host:y", "as an option"),
            ("ssh://-q@host/x", "as an option"),
            ("ssh://-oProxyCommand=x/y", "as an option"),
            ("git@-host:x", "as an option"),
            ("git@host:-x/y", "as an option"),
            ("https://host/-x/y", "as an option"),
            // Other ways to write a path.
            ("https://host/o/../n", "`..` is not allowed"),
            ("https://host/o/./n.git", "`.` is not allowed"),
            ("https://host/o/%2E%2e/n", "is not allowed"),
            ("git@host:../n", "`..` is not allowed"),
            ("ssh://git@host/o/..", "`..` is not allowed"),
        ],
    );
    for url in
        ["https://host/o/..n", "https://host/o/n..git", "https://host/.dots/n", "git@host:o/...git"]
    {
        url.parse::<GitUrl>().expect("no such part");
    }
    let secret = "https://user:secret@host/x".parse::<GitUrl>().expect_err("it has credentials");
    assert!(!secret.contains("secret@") && !secret.contains(":secret"), "{secret}");
    for (url, host) in [
        ("https://github.com/o/n", "github.com"),
        ("http://a.b:1/c", "a.b"),
        ("ssh://git@h:22/o", "h"),
        ("git@h.i:o/n", "h.i"),
    ] {
        assert_eq!(url.parse::<GitUrl>().expect("it is a URL").host(), host);
    }
    for (url, port) in [
        ("https://github.com/o/n", 443),
        ("https://a.b:8443/c", 8443),
        ("http://a.b/c", 80),
        ("http://a.b:1/c", 1),
        ("ssh://git@h/o", 22),
        ("ssh://git@h:2222/o", 2222),
        ("git@h.i:o/n", 22),
        // A folder whose name is a number.
        ("git@h.i:2222/n", 22),
    ] {
        assert_eq!(url.parse::<GitUrl>().expect("it is a URL").port(), port, "{url}");
    }
    assert_names::<GitBranch>(
        &["main", "release/1.2", "v1.2.3", "feature/a_b-c"],
        &[
            ("refs/heads/main", "write `main`"),
            ("a b", "must not contain ` `"),
            ("a..b", "like"),
            ("-a", "like"),
            ("a.lock", "like"),
            ("/a", "like"),
            ("a//b", "like"),
            ("@", "like"),
            ("HEAD", "like"),
            ("a:b", "must not contain `:`"),
            ("", "empty"),
        ],
    );
    assert_names::<RelativePath>(
        &[".", "a", "clusters/prod", "a.b/..c"],
        &[
            ("/a", "begins with `/`"),
            ("a/../b", "leads out"),
            ("..", "leads out"),
            ("a\\b", "write `/`"),
            ("", "like"),
            ("a//b", "like"),
            ("a/./b", "like"),
            ("a\n", "control"),
        ],
    );
    for (text, path) in [("./a", "a"), ("a/b/", "a/b"), ("./", ".")] {
        assert_eq!(text.parse::<RelativePath>().expect("it is a path"), path);
    }
}

#[test]
fn models_and_versions() {
    assert_names::<ModelName>(
        &[
            "llama3.2:1b-instruct-q4_K_M",
            "user/model:latest",
            "hf.co/Owner/Model-GGUF:Q4_K_M",
            "nomic-embed-text:v1.5",
        ],
        &[
            ("llama3@sha256:1a", "no digest; write `llama3`"),
            ("a:b:c", "like"),
            ("", "like"),
            ("a:", "like"),
            ("a b", "like"),
            ("a/b/c/d", "like"),
            ("-a", "like"),
        ],
    );
    let model: ModelName = "qwen3".parse().expect("it is a model");
    assert_eq!((&*model, model.model(), model.tag()), ("qwen3:latest", "qwen3", "latest"));
    let digest = format!("sha256:{}", "a1".repeat(32));
    assert_names::<Tag>(
        &[
            "1.2.3",
            "v0.32.15",
            "17.5-alpine",
            "16.3.0-debian-12-r16",
            "v1.35.0+k3s1",
            "0.8.0-pg17",
            "2025.1.0",
            &format!("1.2.3@{digest}"),
        ],
        &[
            ("latest", "names no version"),
            ("main", "names no version"),
            ("17", "series of versions"),
            ("v1", "series of versions"),
            ("1.x", "range"),
            ("^1.2", "range"),
            (">=1.2", "range"),
            ("1.2.*", "range"),
            ("1.2 || 2", "range"),
            ("", "names no version"),
            ("1..2", "full version"),
            ("1.2/3", "like"),
            ("1.2.3@sha256:abc", "64 hexadecimal"),
            ("1.2.3@", "64 hexadecimal"),
        ],
    );
    assert_names::<Cidr>(
        &["10.1.2.0/24", "10.1.2.3/32", "192.168.0.0/16", "0.0.0.0/0"],
        &[
            ("10.1.2.3", "write `10.1.2.3/32`"),
            ("10.1.2.3/24", "write `10.1.2.0/24`"),
            ("10.1.2.0/33", "write it like"),
            ("10.1.2.0/+24", "write it like"),
            ("10.1.2.0/024", "write it like"),
            ("10.1.2/24", "write it like"),
            ("300.1.2.0/24", "write it like"),
            ("fd00::/8", "write it like"),
            ("", "write it like"),
        ],
    );
    assert_names::<K3sVersion>(
        &["v1.35.8+k3s1", "v1.36.0-rc1+k3s2", "v1.35.12+k3s10"],
        &[
            ("stable", "full version of k3s"),
            ("1.35.8+k3s1", "write it like `v1.35.8+k3s1`"),
            ("v1.35", "full version"),
            ("v1.35.8", "full version"),
            ("v1.35+k3s1", "full version"),
            ("v1.35.8-k3s1", "full version"),
            ("v1.35.8+rke2r1", "full version"),
            ("v1.35.8+k3s1 ", "full version"),
            ("", "full version"),
        ],
    );
    let tag: Tag = format!("v1.2.3@{digest}").parse().expect("it is a version");
    assert_eq!((tag.tag(), tag.digest()), ("v1.2.3", Some(digest.as_str())));
}

#[test]
fn storages() {
    assert_names::<Endpoint>(
        &["https://s3.example.org", "https://10.0.0.7:9000", "http://s3.example.org:8080"],
        &[
            ("s3.example.org", "write `https://s3.example.org`"),
            (
                "https://s3.example.org/bucket",
                "write `https://s3.example.org`; the bucket and the prefix",
            ),
            ("https://key:secret@s3.example.org", "credentials"),
            ("https://s3.example.org:0", "write it like"),
            ("https://10.0.0.07", "write it like"),
            ("ftp://s3.example.org", "write it like"),
            ("https://minio", "write it like"),
        ],
    );
    let of = |text: &str| text.parse::<Endpoint>().expect("an endpoint");
    assert_eq!(of("https://s3.example.org/").as_str(), "https://s3.example.org");
    assert_eq!(
        (
            of("https://s3.example.org").port(),
            of("http://s3.example.org").port(),
            of("https://10.0.0.7:9000").port()
        ),
        (443, 80, 9000)
    );
    assert_eq!(
        of("https://10.0.0.7:9000").address().map(|it| it.to_string()).as_deref(),
        Some("10.0.0.7/32")
    );
    assert!(of("https://s3.example.org").address().is_none() && !of("http://10.0.0.7").has_tls());
    assert_names::<Bucket>(
        &["my-backups", "a.b", "000"],
        &[
            ("ab", "3 to 63"),
            ("My", "3 to 63"),
            ("a..b", "3 to 63"),
            ("10.0.0.1", "3 to 63"),
            (&"a".repeat(64), "3 to 63"),
            ("-ab", "3 to 63"),
        ],
    );
    assert_names::<Cidr>(
        &["10.0.0.7/32", "10.0.0.0/8", "0.0.0.0/0", "192.168.4.0/22"],
        &[
            ("10.0.0.7/24", "write `10.0.0.0/24`, or `10.0.0.7/32`"),
            ("192.168.5.0/22", "write `192.168.4.0/22`"),
            ("10.0.0.7/33", "write it like"),
            ("10.0.0/24", "write it like"),
            ("10.0.0.0/08", "write it like"),
            ("256.0.0.0/8", "write it like"),
            ("::/0", "write it like"),
        ],
    );
}

#[test]
fn schedules() {
    assert_names::<Schedule>(
        &["17 3 * * *", "*/15 0-6,20 1,15 jan-MAR sun", "0 0 29 2 *", "59 23 31 12 6"],
        &[
            ("17 25 * * *", "the hour: `25` is not from 0 to 23"),
            ("60 3 * * *", "the minute: `60`"),
            ("17 3 0 * *", "the day of the month: `0` is not from 1 to 31"),
            ("17 3 * 13 *", "the month: `13`"),
            ("17 3 * * 7", "the day of the week: `7` is not from 0 to 6; Sunday is 0"),
            ("17 3 * *", "it has 4 fields"),
            ("0 17 3 * * *", "it has 6 fields"),
            ("", "it has 0 fields"),
            ("@daily", "write `0 0 * * *`"),
            ("17 3 30 2 *", "there is no such day"),
            ("17 6-3 * * *", "`6-3` ends before it begins"),
            ("*/0 3 * * *", "the step of"),
            ("17, 3 * * *", "the minute: `` is not"),
            ("+7 3 * * *", "the minute: `+7`"),
        ],
    );
    assert_eq!(
        "  17   3 * *  * ".parse::<Schedule>().map(|it| it.to_string()),
        Ok("17 3 * * *".to_owned())
    );
}

/// A backup that is older than the longest gap was missed; the gaps, in minutes, are counted here
/// by hand.
#[test]
fn gaps_of_schedules() {
    const HOUR: u64 = 60;
    const DAY: u64 = 24 * HOUR;
    for (text, gap) in [
        ("* * * * *", 1),
        ("17 3 * * *", DAY),
        ("0 */7 * * *", 7 * HOUR),
        ("0 3,15 * * *", 12 * HOUR),
        ("0 3 * * 1-5", 3 * DAY),
        ("0 3 * * 0", 7 * DAY),
        ("0 3 1 * *", 31 * DAY),
        ("0 3 31 * *", 61 * DAY),
        ("0 3 29 2 *", 1461 * DAY),
        // If both days are restricted, either is enough. A step over the whole month counts as a
        // restriction.
        ("0 3 1 * 0", 7 * DAY),
        ("0 3 */10 * 0", 7 * DAY),
        ("30 22 1 1 *", 366 * DAY),
    ] {
        let found = text.parse::<Schedule>().expect("a schedule").longest_gap().get();
        assert_eq!(found, gap * 60, "{text}");
    }
}
