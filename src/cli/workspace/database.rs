//! The database of a workspace: the password of its role is made and sealed into the workspace's
//! own file.

use rsa::rand_core::OsRng;
use serde_json::json;

use super::{
    administrator::seal_args,
    args::{AdministratorArgs, Database},
    edit::Edit,
    site::Site,
};
use crate::{
    cli::{
        clock,
        console::Console,
        seal::{self, plaintext},
        session::Session,
    },
    names::DnsLabel,
    sealing,
    yaml::source::Source,
};

/// The edits that give a workspace a database of the platform's PostgreSQL, with a new password, or
/// its own one. `old` is the file as it is.
///
/// # Errors
/// When there is nothing to seal with.
pub fn edits(
    site: &Site<'_>,
    workspace: &DnsLabel,
    old: Option<&Source>,
    (wanted, args): (Database, &AdministratorArgs),
    console: &mut Console,
) -> anyhow::Result<Vec<Edit>> {
    let at = |path: &str| old.and_then(|it| it.value.pointer(path));
    let was_shared = at("/spec/database").is_some_and(|it| it == Database::Shared.word());
    let leaves = old.is_some() && was_shared != (wanted == Database::Shared);
    let moved = |console: &mut Console| {
        if leaves {
            console.say(
                "chats and users are not brought along: they stay where they are, and are there \
                 again when this is taken back\n",
            );
        }
    };
    let word = Edit::set(&["database"], wanted.word());
    if wanted == Database::Own {
        let role = at("/spec/databaseRole").map(|_| Edit::unset(&["databaseRole"]));
        moved(console);
        return Ok([word].into_iter().chain(role).collect());
    }
    plaintext::keep_private();
    let work = site.work()?;
    let session = Session { disk: site.disk, work: &work, threads: site.threads };
    let certificate = seal::certificate(session, &seal_args(args), clock::now(), console)?;
    let suffix = at("/spec/databaseRole/sealed/suffix").and_then(|it| it.as_str()?.parse().ok());
    let role = sealing::workspace::role(&certificate, workspace, suffix.as_ref(), &mut OsRng)?;
    moved(console);
    Ok(vec![word, Edit::set(&["databaseRole"], json!(role))])
}
