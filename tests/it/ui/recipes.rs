//! Inputs that cannot be committed as text files, and findings that no command line can cause.

use std::{collections::BTreeMap, fs, io};

use espalier::{
    cli::{findings, repository, tree::Verdict},
    compile,
    diag::diagnostic::Diagnostics,
    load::Sources,
    report,
};

use super::planted;
use crate::cli::workspace_dir::WorkspaceDir;

/// A text with the form of a sealed value: the length of the session key, the key, the value and
/// its tag; nobody can open it.
pub fn ciphertext() -> String {
    // 2 + 512 + 7 + 16 bytes of zeros after the length 0x0200 are 537 bytes, which need no padding.
    format!("AgAA{}", "AAAA".repeat(537 / 3 - 1))
}

/// A file that Argo CD would apply and that Espalier has not written.
const FOREIGN: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: notes}\n";

/// One of the generated files.
const GENERATED: &str = "out/manifests/ollama/ai/service-ollama.yaml";

/// Adds to a case's folder what files in Git cannot hold.
pub fn complete(case: &str, dir: &WorkspaceDir) {
    prepare_spec(case, dir);
    prepare_tree(case, dir);
    prepare_repository(case, dir);
}

/// Cases about the files of `spec/`.
fn prepare_spec(case: &str, dir: &WorkspaceDir) {
    match case {
        "not-utf8" => dir.write(
            "spec/platform.yaml",
            b"apiVersion: espalier.dev/v1alpha1\nkind: Platform\nmetadata: {name: caf\xe9}\n",
        ),
        "not-utf8--utf16" => {
            let text: Vec<u8> =
                "\u{feff}kind: Platform\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
            dir.write("spec/platform.yaml", text);
        }
        "file-too-large" => {
            dir.write("spec/platform.yaml", "");
            let file = fs::File::options()
                .write(true)
                .open(dir.path("spec/platform.yaml"))
                .expect("it is there");
            // A sparse file: it takes no room on the disk.
            file.set_len(100 << 20).expect("a large file");
        }
        "platform-texts-too-large" => {
            let comment = "# A comment, and what it says.\n".repeat(20_000);
            for file in ["spec/platform.yaml", "spec/versions.yaml"] {
                dir.write(file, format!("{comment}{}", dir.read(file)));
            }
        }
        "source-outside" => outside(dir),
        "workspaces-many" => {
            let text = dir.read("spec/workspaces/team-000.yaml");
            for number in 1..=200 {
                let name = format!("team-{number:03}");
                let text = text.replace("team-000", &name);
                dir.write(&format!("spec/workspaces/{name}.yaml"), text);
            }
        }
        "too-many-findings--warnings" => {
            let text = dir.read("spec/platform.yaml");
            let figures = text.lines().find(|it| it.contains("m00")).expect("the first").to_owned();
            let more: String =
                (1..70).map(|at| figures.replace("m00", &format!("m{at:02}")) + "\n").collect();
            dir.write("spec/platform.yaml", text + &more);
        }
        "certificates-rate-limited" => {
            for number in 0..46 {
                let name = format!("team-{number:02}");
                let text = format!(
                    "apiVersion: apps.aichatworkspaces.io/v1alpha1\nkind: AIChatWorkspace\n\
                     metadata: {{name: {name}}}\nspec:\n  workspaceName: {name}\n  \
                     models: [\"gemma3:270m\"]\n  {}\n",
                    crate::support::administrator()
                );
                dir.write(&format!("spec/workspaces/{name}.yaml"), text);
            }
        }
        "sealing-certificate-missing" => dir.remove("spec/sealing.pem"),
        _ => (),
    }
}

/// Cases about the generated files.
fn prepare_tree(case: &str, dir: &WorkspaceDir) {
    match case {
        "plain-secret" => {
            dir.write(
                "out/manifests/openwebui/ai/secret-admin.yaml",
                FOREIGN.replace("ConfigMap", "Secret"),
            );
        }
        "foreign-file" => dir.write("out/manifests/notes.yaml", FOREIGN),
        "path-occupied" => dir.write(GENERATED, FOREIGN),
        "path-occupied--folder" => dir.write("out/manifests/ollama", FOREIGN),
        "file-changed" => {
            dir.ok(&["render"]);
            let text = dir.read(GENERATED);
            assert!(text.contains("port: 11434"), "{text}");
            dir.write(GENERATED, text.replace("port: 11434", "port: 11435"));
        }
        "merge-conflict--generated" => {
            dir.ok(&["render"]);
            for name in
                ["out/README.md", "out/.espalier.json", "spec/workspace.schema.json", GENERATED]
            {
                let text = dir.read(name);
                let (first, rest) = text.split_at(text.find('\n').map_or(text.len(), |it| it + 1));
                // Both sides of a file of one line; else of a line in the middle, as Git leaves
                // them.
                let sides =
                    |text: &str| format!("<<<<<<< HEAD\n{text}=======\n{text}>>>>>>> branch\n");
                dir.write(
                    name,
                    if rest.is_empty() {
                        sides(&format!("{first}\n"))
                    } else {
                        format!("{first}{}{rest}", sides("x\n"))
                    },
                );
            }
        }
        "foreign-file--many" => {
            dir.ok(&["render"]);
            for number in 100..300 {
                dir.write(&format!("out/manifests/notes-{number}.yaml"), FOREIGN);
            }
        }
        "path-occupied--many" => {
            dir.ok(&["render"]);
            fs::remove_dir_all(dir.path("out")).expect("removable");
            dir.write("out", FOREIGN);
        }
        "file-stray--empty" => {
            dir.ok(&["render"]);
            fs::create_dir_all(dir.path("out/manifests/gone/ai")).expect("a folder");
        }
        "file-missing" => {
            dir.ok(&["render"]);
            dir.remove(GENERATED);
        }
        "object-moved" | "object-moved--allowed" => {
            dir.ok(&["render"]);
            for (from, to) in [
                ("out/manifests/ollama", "out/manifests/old"),
                ("apps/ollama.yaml", "apps/old.yaml"),
            ] {
                fs::rename(dir.path(from), dir.path(to)).expect("it is there");
            }
        }
        "object-moved--operator" => {
            let operator = dir.read("spec/platform.yaml");
            let before = operator.replace("expandedBy: operator", "expandedBy: compiler");
            dir.write("spec/platform.yaml", before);
            dir.ok(&["render"]);
            dir.write("spec/platform.yaml", operator);
        }
        "data-deleted" | "data-deleted--allowed" | "data-left-behind" => {
            dir.tenant("team-a");
            dir.ok(&["render"]);
            dir.remove("spec/workspaces/team-a.yaml");
            if case != "data-left-behind" {
                release(dir);
            }
        }
        "render-interrupted" => {
            dir.ok(&["render"]);
            dir.write(&format!(".espalier/stage/{GENERATED}"), dir.read(GENERATED));
            dir.remove(GENERATED);
        }
        "file-stray" => {
            dir.ok(&["render"]);
            let text = dir.read(GENERATED);
            dir.write("out/manifests/ollama/ai/service-old.yaml", text);
        }
        _ => (),
    }
}

/// Takes the protection from a tenant's namespace.
fn release(dir: &WorkspaceDir) {
    let namespace = "out/manifests/ws-team-a/_cluster/namespace-team-a.yaml";
    let text = dir.read(namespace);
    assert!(text.contains("Prune=false,Delete=false"), "{text}");
    dir.write(namespace, text.replace("Prune=false,Delete=false", "Prune=true"));
}

/// Cases about what Git has.
fn prepare_repository(case: &str, dir: &WorkspaceDir) {
    match case {
        "repository-path" => git(dir, "main"),
        "repository-branch" => git(dir, "trunk"),
        // A file that points nowhere in place of the folder: Git refuses to answer.
        "repository-not-asked" => dir.write(".git", "gitdir: /nowhere\n"),
        "file-ignored" => {
            dir.write(".gitignore", "# as it came\nout/\n*.pem\n");
            git(dir, "main");
        }
        "file-missing--git" => {
            dir.ok(&["render"]);
            git(dir, "main");
            dir.git(&["commit", "--quiet", "--message", "The tree"]);
            dir.git(&["rm", "--quiet", "--cached", "apps/ollama.yaml", GENERATED]);
        }
        "file-mode" => {
            dir.ok(&["render"]);
            git(dir, "main");
            dir.git(&["update-index", "--chmod=+x", "apps/ollama.yaml"]);
        }
        "file-converted" => {
            dir.ok(&["render"]);
            dir.write(
                ".gitattributes",
                "# large files\n*.gguf filter=lfs\n*.yaml filter=lfs diff=lfs merge=lfs -text\n",
            );
            git(dir, "main");
        }
        "file-hidden" => {
            dir.ok(&["render"]);
            let text = dir.read("apps/argocd.yaml");
            dir.write("apps/argocd.yaml", text.replace("argocd", "another"));
            git(dir, "main");
            dir.git(&["update-index", "--assume-unchanged", "apps/argocd.yaml"]);
            dir.write("apps/argocd.yaml", text);
        }
        "foreign-file--git" => {
            dir.ok(&["render"]);
            dir.write("out/hidden.yaml", FOREIGN);
            dir.write(".gitignore", "*~\n");
            dir.write("out/notes.yaml~", FOREIGN);
            git(dir, "main");
            let address = "160000,e69de29bb2d1d6434b8b29ae775ad8c2e48c5391,out/module";
            dir.git(&["update-index", "--add", "--cacheinfo", address]);
            fs::create_dir(dir.path("out/module")).expect("a folder");
            dir.git(&["update-index", "--skip-worktree", "out/hidden.yaml"]);
            dir.remove("out/hidden.yaml");
        }
        _ => (),
    }
}

/// Makes a Git repository of the folder.
fn git(dir: &WorkspaceDir, branch: &str) {
    dir.git(&["init", "--quiet", "--initial-branch", branch]);
    dir.git(&["add", "."]);
}

/// A file of the spec that is a link to somewhere else.
#[cfg(unix)]
fn outside(dir: &WorkspaceDir) {
    std::os::unix::fs::symlink("/dev/null", dir.path("spec/versions.yaml")).expect("a link");
}

#[cfg(not(unix))]
fn outside(dir: &WorkspaceDir) {
    fs::create_dir_all(dir.path("spec/versions.yaml")).expect("a folder");
}

/// The text of a finding that only a program that calls the library can get.
pub fn from_library(case: &str) -> Option<String> {
    let found: Diagnostics = match case {
        // The command line reports it before it compiles.
        "spec-missing" => compile::platform(&Sources { texts: BTreeMap::new() }).diagnostics,
        "repository-not-asked--no-git" => {
            repository::not_asked(&io::Error::from(io::ErrorKind::NotFound).into()).into()
        }
        // Two objects with one path: the builder's names prevent it, and the driver does not rely
        // on that.
        "path-twice" => {
            let path = "out/manifests/ollama/ai/service-ollama.yaml";
            let mut found = Diagnostics::new();
            findings::settle(
                &mut found,
                findings::obstacle(path, Verdict::Again).into_iter().collect(),
            );
            found
        }
        _ => planted::found(case)?,
    };
    Some(report::human(&found, &BTreeMap::new(), false))
}
