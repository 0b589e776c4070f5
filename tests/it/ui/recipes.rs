//! Inputs that cannot be committed as text files, and findings that no command line can bring
//! about.

use std::{collections::BTreeMap, fs};

use espalier::{
    cli::{findings, tree::Verdict},
    compile::{self, Sources},
    diag::diagnostic::Diagnostics,
    report,
};

use crate::cli::workspace_dir::WorkspaceDir;

/// Something that has the form of a sealed value: the length of the session key, the key, the value
/// and its tag; nobody can open it.
pub fn ciphertext() -> String {
    // 2 + 512 + 7 + 16 bytes of zeros after the length 0x0200 are 537 bytes, which need no padding.
    format!("AgAA{}", "AAAA".repeat(537 / 3 - 1))
}

/// Adds what the case's files cannot say.
pub fn complete(case: &str, place: &WorkspaceDir) {
    const FOREIGN: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: notes}\n";
    const GENERATED: &str = "out/manifests/ollama/ai/service-ollama.yaml";
    match case {
        "not-utf8" => place.write(
            "spec/platform.yaml",
            b"apiVersion: espalier.dev/v1alpha1\nkind: Platform\nmetadata: {name: caf\xe9}\n",
        ),
        "not-utf8--utf16" => {
            let text: Vec<u8> =
                "\u{feff}kind: Platform\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
            place.write("spec/platform.yaml", text);
        }
        "file-too-large" => {
            place.write("spec/platform.yaml", "");
            let file = fs::File::options()
                .write(true)
                .open(place.path("spec/platform.yaml"))
                .expect("it is there");
            // A hole: it takes no room on the disk.
            file.set_len(100 << 20).expect("a large file");
        }
        "plain-secret" => {
            place.write(
                "out/manifests/openwebui/ai/secret-admin.yaml",
                FOREIGN.replace("ConfigMap", "Secret"),
            );
        }
        "foreign-file" => place.write("out/manifests/notes.yaml", FOREIGN),
        "path-occupied" => place.write(GENERATED, FOREIGN),
        "path-occupied--folder" => place.write("out/manifests/ollama", FOREIGN),
        "source-outside" => outside(place),
        "sealing-certificate-missing" => place.remove("spec/sealing.pem"),
        "file-changed" => {
            place.ok(&["render"]);
            let text = place.read(GENERATED);
            assert!(text.contains("port: 11434"), "{text}");
            place.write(GENERATED, text.replace("port: 11434", "port: 11435"));
        }
        "merge-conflict--generated" => {
            place.ok(&["render"]);
            for name in
                ["out/README.md", "out/.espalier.json", "spec/workspace.schema.json", GENERATED]
            {
                let text = place.read(name);
                let (first, rest) = text.split_at(text.find('\n').map_or(text.len(), |it| it + 1));
                // Both sides of a file of one line; else a line in the middle, as Git leaves them.
                let sides =
                    |text: &str| format!("<<<<<<< HEAD\n{text}=======\n{text}>>>>>>> branch\n");
                place.write(
                    name,
                    if rest.is_empty() {
                        sides(&format!("{first}\n"))
                    } else {
                        format!("{first}{}{rest}", sides("x\n"))
                    },
                );
            }
        }
        "repository-path" => git(place, "main"),
        "repository-branch" => git(place, "trunk"),
        // No folder of Git's own: it says so.
        "repository-not-asked" => place.write(".git", "gitdir: /nowhere\n"),
        "file-ignored" => {
            place.write(".gitignore", "# as it came\nout/\n*.pem\n");
            git(place, "main");
        }
        "file-mode" => {
            place.ok(&["render"]);
            git(place, "main");
            place.git(&["update-index", "--chmod=+x", "apps/ollama.yaml"]);
        }
        "file-converted" => {
            place.ok(&["render"]);
            place.write(
                ".gitattributes",
                "# large files\n*.gguf filter=lfs\n*.yaml filter=lfs diff=lfs merge=lfs -text\n",
            );
            git(place, "main");
        }
        "file-hidden" => {
            place.ok(&["render"]);
            let text = place.read("apps/argocd.yaml");
            place.write("apps/argocd.yaml", text.replace("argocd", "another"));
            git(place, "main");
            place.git(&["update-index", "--assume-unchanged", "apps/argocd.yaml"]);
            place.write("apps/argocd.yaml", text);
        }
        "foreign-file--many" => {
            place.ok(&["render"]);
            for number in 100..300 {
                place.write(&format!("out/manifests/notes-{number}.yaml"), FOREIGN);
            }
        }
        "foreign-file--git" => {
            place.ok(&["render"]);
            place.write("out/hidden.yaml", FOREIGN);
            place.write(".gitignore", "*~\n");
            place.write("out/notes.yaml~", FOREIGN);
            git(place, "main");
            let address = "160000,e69de29bb2d1d6434b8b29ae775ad8c2e48c5391,out/module";
            place.git(&["update-index", "--add", "--cacheinfo", address]);
            fs::create_dir(place.path("out/module")).expect("a folder");
            place.git(&["update-index", "--skip-worktree", "out/hidden.yaml"]);
            place.remove("out/hidden.yaml");
        }
        "path-occupied--many" => {
            place.ok(&["render"]);
            fs::remove_dir_all(place.path("out")).expect("removable");
            place.write("out", FOREIGN);
        }
        "file-stray--empty" => {
            place.ok(&["render"]);
            fs::create_dir_all(place.path("out/manifests/gone/ai")).expect("a folder");
        }
        "file-missing" => {
            place.ok(&["render"]);
            place.remove(GENERATED);
        }
        "file-stray" => {
            place.ok(&["render"]);
            let text = place.read(GENERATED);
            place.write("out/manifests/ollama/ai/service-old.yaml", text);
        }
        _ => (),
    }
}

/// Makes a repository of it all.
fn git(place: &WorkspaceDir, branch: &str) {
    place.git(&["init", "--quiet", "--initial-branch", branch]);
    place.git(&["add", "."]);
}

/// A file of the spec that is a link to somewhere else.
#[cfg(unix)]
fn outside(place: &WorkspaceDir) {
    std::os::unix::fs::symlink("/dev/null", place.path("spec/versions.yaml")).expect("a link");
}

#[cfg(not(unix))]
fn outside(place: &WorkspaceDir) {
    fs::create_dir_all(place.path("spec/versions.yaml")).expect("a folder");
}

/// The text of a finding that only a program that calls the library can meet.
pub fn from_library(case: &str) -> Option<String> {
    let found: Diagnostics = match case {
        // The command line says it before it compiles.
        "spec-missing" => compile::platform(&Sources { texts: BTreeMap::new() }).diagnostics,
        // Two objects of one path: the builder's names forbid it, and the driver does not rely on
        // that.
        "path-twice" => {
            let path = "out/manifests/ollama/ai/service-ollama.yaml";
            let mut found = Diagnostics::new();
            findings::settle(
                &mut found,
                findings::obstacle(path, Verdict::Again).into_iter().collect(),
            );
            found
        }
        _ => return None,
    };
    Some(report::human(&found, &BTreeMap::new(), false))
}
