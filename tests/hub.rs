//! Fetching from a hub, against a real server on 127.0.0.1.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use topicwire::model::{HubError, HubSettings, HubSpec, fetch_with};

use crate::support::hub_server::{Fault, HubServer};

const REPO: &str = "acme/tiny-bert";
const WEIGHTS: &str = "model.safetensors";
const REQUIRED: [&str; 3] = ["config.json", "tokenizer.json", WEIGHTS];
const OPTIONAL: [&str; 2] = ["1_Pooling/config.json", "vocab.txt"];

/// A repository on a server, and an empty cache.
struct Scene {
    home: TempDir,
    source: PathBuf,
    server: HubServer,
    settings: HubSettings,
}

impl Scene {
    fn new() -> Self {
        let home = TempDir::new().unwrap();
        let source = home.path().join("source");
        fs::create_dir_all(source.join("1_Pooling")).unwrap();
        fs::write(source.join("config.json"), r#"{"hidden_size": 4}"#).unwrap();
        fs::write(source.join("tokenizer.json"), r#"{"version": "1.0"}"#).unwrap();
        fs::write(source.join("1_Pooling/config.json"), "{}").unwrap();
        let weights: Vec<u8> = (0..200_000u32).map(|i| (i * 7 % 251) as u8).collect();
        fs::write(source.join(WEIGHTS), weights).unwrap();
        let server = HubServer::serve(&source, REPO);
        let settings = HubSettings {
            cache: home.path().join("hub"),
            endpoint: server.url(),
            offline: false,
            token: None,
        };
        Self {
            home,
            source,
            server,
            settings,
        }
    }

    fn offline(&self) -> HubSettings {
        HubSettings {
            offline: true,
            ..self.settings.clone()
        }
    }

    fn fetch(&self) -> Result<PathBuf, HubError> {
        self.fetch_at("main", &self.settings)
    }

    fn fetch_at(&self, revision: &str, settings: &HubSettings) -> Result<PathBuf, HubError> {
        let spec = HubSpec {
            repo: REPO.into(),
            revision: revision.into(),
        };
        fetch_with(settings, &spec, &REQUIRED, &OPTIONAL, false)
    }

    /// The error of a fetch, which must name these.
    fn error(&self, names: &[&str]) -> HubError {
        says(self.fetch().unwrap_err(), names)
    }

    fn repo_folder(&self) -> PathBuf {
        self.settings.cache.join("models--acme--tiny-bert")
    }

    fn blob(&self, file: &str) -> PathBuf {
        self.repo_folder()
            .join("blobs")
            .join(self.server.hash(file))
    }

    fn part(&self, file: &str) -> PathBuf {
        self.blob(file).with_extension("part")
    }

    /// The content is the source's.
    fn check(&self, folder: &Path) {
        for file in REQUIRED.iter().chain(&OPTIONAL[..1]) {
            let (got, expected) = (
                fs::read(folder.join(file)),
                fs::read(self.source.join(file)),
            );
            assert!(got.unwrap() == expected.unwrap(), "{file}");
        }
    }

    /// The first bytes of the requests for the content of the weights.
    fn weight_starts(&self) -> Vec<usize> {
        let requests = self.server.requests();
        let bodies = requests
            .iter()
            .filter(|r| r.path.starts_with("/cdn/") && r.is_for_body());
        bodies
            .map(|r| r.range.map_or(0, |(first, _)| first))
            .collect()
    }
}

#[track_caller]
fn says(error: HubError, names: &[&str]) -> HubError {
    let text = error.to_string();
    for name in names {
        assert!(text.contains(name), "no `{name}` in: {text}");
    }
    error
}

#[test]
fn downloads_in_the_layout_of_the_hub() {
    let scene = Scene::new();
    let folder = scene.fetch().unwrap();
    scene.check(&folder);
    assert!(!folder.join("vocab.txt").exists());
    let commit = scene.server.commit();
    assert_eq!(folder, scene.repo_folder().join("snapshots").join(&commit));
    assert_eq!(
        fs::read_to_string(scene.repo_folder().join("refs/main")).unwrap(),
        commit
    );
    assert!(scene.blob(WEIGHTS).is_file() && scene.blob("config.json").is_file());
    assert!(
        scene
            .repo_folder()
            .join(".no_exist")
            .join(&commit)
            .join("vocab.txt")
            .is_file()
    );
}

#[test]
fn second_run_takes_the_cache() {
    let scene = Scene::new();
    let folder = scene.fetch().unwrap();
    scene.server.clear_requests();
    assert_eq!(scene.fetch().unwrap(), folder);
    let requests = scene.server.requests();
    assert_eq!(requests.len(), 1, "{requests:?}");
    assert!(!requests[0].is_for_body());
}

#[test]
fn full_commit_in_the_cache_needs_no_connection() {
    let scene = Scene::new();
    let commit = scene.server.commit();
    let folder = scene.fetch_at(&commit, &scene.settings).unwrap();
    scene.server.clear_requests();
    assert_eq!(scene.fetch_at(&commit, &scene.settings).unwrap(), folder);
    assert!(scene.server.requests().is_empty());
}

#[test]
fn other_commit_downloads_only_what_changed() {
    let scene = Scene::new();
    let old = scene.fetch().unwrap();
    fs::write(scene.source.join("config.json"), r#"{"hidden_size": 5}"#).unwrap();
    scene.server.reload();
    scene.server.clear_requests();
    let new = scene.fetch().unwrap();
    assert_ne!(old, new);
    scene.check(&new);
    let requests = scene.server.requests();
    let bodies: Vec<_> = requests
        .iter()
        .filter(|r| r.is_for_body())
        .map(|r| &r.path)
        .collect();
    assert!(
        !bodies.is_empty() && bodies.iter().all(|path| path.ends_with("/config.json")),
        "{bodies:?}"
    );
    // A link to a blob that is gone is mended.
    fs::remove_file(scene.blob(WEIGHTS)).unwrap();
    scene.check(&scene.fetch().unwrap());
}

#[test]
fn interrupted_download_resumes() {
    let scene = Scene::new();
    scene.server.set_fault(WEIGHTS, Fault::DropAfter(70_000));
    let error = scene.error(&[
        WEIGHTS,
        REPO,
        "70000 of 200000",
        "same command again",
        "resumes",
    ]);
    assert!(matches!(error, HubError::Interrupted(_)));
    assert_eq!(fs::metadata(scene.part(WEIGHTS)).unwrap().len(), 70_000);
    // Again, from there.
    assert!(matches!(scene.fetch(), Err(HubError::Interrupted(_))));
    scene.server.set_fault(WEIGHTS, None);
    scene.check(&scene.fetch().unwrap());
    assert_eq!(scene.weight_starts(), [0, 70_000, 140_000]);
    assert!(!scene.part(WEIGHTS).exists());
}

#[test]
fn truncated_download_resumes() {
    let scene = Scene::new();
    scene
        .server
        .set_fault(WEIGHTS, Fault::TruncateAfter(50_000));
    let error = scene.error(&[
        WEIGHTS,
        REPO,
        "50000 of 200000",
        "same command again",
        "resumes",
    ]);
    assert!(matches!(error, HubError::Interrupted(_)));
    assert!(!scene.blob(WEIGHTS).exists());
    says(
        scene
            .fetch_at(&scene.server.commit(), &scene.offline())
            .unwrap_err(),
        &[WEIGHTS],
    );
    scene.server.set_fault(WEIGHTS, None);
    scene.check(&scene.fetch().unwrap());
    assert_eq!(scene.weight_starts(), [0, 50_000]);
}

#[test]
fn wrong_bytes_are_removed() {
    for file in [WEIGHTS, "config.json"] {
        let scene = Scene::new();
        scene.server.set_fault(file, Fault::WrongBytes);
        let hash = scene.server.hash(file);
        let error = scene.error(&[file, REPO, &hash, "got", "same command again"]);
        assert!(matches!(error, HubError::Damaged(_)));
        assert!(!scene.blob(file).exists());
        let snapshot = scene
            .repo_folder()
            .join("snapshots")
            .join(scene.server.commit());
        assert!(snapshot.join(file).symlink_metadata().is_err());
        scene.server.set_fault(file, None);
        scene.check(&scene.fetch().unwrap());
    }
}

#[test]
fn server_without_ranges_is_survived() {
    let scene = Scene::new();
    scene.server.set_fault(WEIGHTS, Fault::DropAfter(70_000));
    scene.error(&[WEIGHTS]);
    // The whole file comes after the part: too long, so wrong.
    scene.server.set_fault(WEIGHTS, Fault::IgnoreRange);
    assert!(matches!(scene.fetch(), Err(HubError::Damaged(_))));
    scene.check(&scene.fetch().unwrap());
}

#[test]
fn part_that_is_too_long_is_dropped() {
    for length in [200_000, 200_001] {
        let scene = Scene::new();
        fs::create_dir_all(scene.repo_folder().join("blobs")).unwrap();
        fs::write(scene.part(WEIGHTS), vec![0; length]).unwrap();
        scene.check(&scene.fetch().unwrap());
    }
}

#[test]
fn damaged_part_does_not_last() {
    let scene = Scene::new();
    fs::create_dir_all(scene.repo_folder().join("blobs")).unwrap();
    fs::write(scene.part(WEIGHTS), b"nonsense").unwrap();
    assert!(matches!(scene.fetch(), Err(HubError::Damaged(_))));
    scene.check(&scene.fetch().unwrap());
}

#[test]
fn weights_without_a_hash_are_refused() {
    let scene = Scene::new();
    scene
        .server
        .set_fault(WEIGHTS, Fault::Etag("\"abc-3\"".into()));
    scene.error(&[WEIGHTS, REPO, "verify", "abc-3", "HF_ENDPOINT"]);
    assert!(scene.weight_starts().is_empty());
    // An ETag that would be a path outside of the cache.
    scene
        .server
        .set_fault(WEIGHTS, Fault::Etag("\"../../x\"".into()));
    assert!(matches!(
        scene.error(&[WEIGHTS, "../../x"]),
        HubError::Server(_)
    ));
    // Other files are taken by their length, and a weak ETag is as good as another.
    scene.server.set_fault(WEIGHTS, None);
    scene
        .server
        .set_fault("config.json", Fault::Etag("\"abc-3\"".into()));
    let weak = format!("W/\"{}\"", scene.server.hash("tokenizer.json"));
    scene.server.set_fault("tokenizer.json", Fault::Etag(weak));
    let fresh = HubSettings {
        cache: scene.home.path().join("other"),
        ..scene.settings.clone()
    };
    scene.check(&scene.fetch_at("main", &fresh).unwrap());
}

#[test]
fn offline_with_an_empty_cache() {
    let scene = Scene::new();
    let error = scene.fetch_at("main", &scene.offline()).unwrap_err();
    let names = [
        "config.json",
        "hf:acme/tiny-bert@main",
        "HF_HUB_OFFLINE",
        "HF_HOME",
        "local model",
    ];
    assert!(matches!(says(error, &names), HubError::Offline(_)));
    assert!(scene.server.requests().is_empty());
}

#[test]
fn offline_with_a_full_cache() {
    let scene = Scene::new();
    let folder = scene.fetch().unwrap();
    scene.server.clear_requests();
    assert_eq!(scene.fetch_at("main", &scene.offline()).unwrap(), folder);
    assert_eq!(
        scene
            .fetch_at(&scene.server.commit(), &scene.offline())
            .unwrap(),
        folder
    );
    assert!(scene.server.requests().is_empty());
    fs::remove_file(folder.join(WEIGHTS)).unwrap();
    let error = scene.fetch_at("main", &scene.offline()).unwrap_err();
    assert!(matches!(says(error, &[WEIGHTS]), HubError::Offline(_)));
}

/// As `huggingface_hub.snapshot_download` leaves it: no `refs` entry for a commit.
#[test]
fn cache_of_the_python_library_is_found() {
    let scene = Scene::new();
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let snapshot = scene.repo_folder().join("snapshots").join(commit);
    fs::create_dir_all(snapshot.join("1_Pooling")).unwrap();
    for file in REQUIRED.iter().chain(&OPTIONAL) {
        fs::write(snapshot.join(file), "x").unwrap();
    }
    assert_eq!(scene.fetch_at(commit, &scene.settings).unwrap(), snapshot);
    assert_eq!(scene.fetch_at(commit, &scene.offline()).unwrap(), snapshot);
    fs::create_dir_all(scene.repo_folder().join("refs")).unwrap();
    fs::write(scene.repo_folder().join("refs/v1"), commit).unwrap();
    assert_eq!(scene.fetch_at("v1", &scene.offline()).unwrap(), snapshot);
    assert!(scene.server.requests().is_empty());
}

#[test]
fn missing_repository_and_file() {
    let scene = Scene::new();
    let missing = HubSpec {
        repo: "acme/none".into(),
        revision: "main".into(),
    };
    for token in [None, Some("secret".to_owned())] {
        let settings = HubSettings {
            token,
            ..scene.settings.clone()
        };
        let error = fetch_with(&settings, &missing, &REQUIRED, &OPTIONAL, false).unwrap_err();
        let names = ["acme/none", "does not exist", "private", "HF_TOKEN"];
        assert!(matches!(says(error, &names), HubError::NoAccess(_)));
    }
    fs::remove_file(scene.source.join("tokenizer.json")).unwrap();
    scene.server.reload();
    assert!(matches!(
        scene.error(&["tokenizer.json", REPO]),
        HubError::NoFile(_)
    ));
}

#[test]
fn optional_file_must_come_if_it_exists() {
    let scene = Scene::new();
    scene.server.set_fault(OPTIONAL[0], Fault::Status(500));
    assert!(matches!(scene.error(&[REPO, "500"]), HubError::Server(_)));
    scene.server.set_fault(OPTIONAL[0], Fault::Status(403));
    assert!(matches!(
        scene.error(&[REPO, "403", "terms"]),
        HubError::NoAccess(_)
    ));
    assert!(!scene.repo_folder().join("refs/main").exists());
}

#[test]
fn token_opens_a_private_repository() {
    let scene = Scene::new();
    scene.server.require_token("hf_secret");
    assert!(matches!(
        scene.error(&["401", "HF_TOKEN"]),
        HubError::NoAccess(_)
    ));
    let token = |token: &str| HubSettings {
        token: Some(token.into()),
        ..scene.settings.clone()
    };
    let error = scene.fetch_at("main", &token("line\nbreak")).unwrap_err();
    assert!(matches!(says(error, &["HF_TOKEN"]), HubError::Settings(_)));
    scene.check(&scene.fetch_at("main", &token("hf_secret")).unwrap());
}

#[test]
fn odd_answers_are_errors() {
    let scene = Scene::new();
    // hf-hub panics over it.
    scene.server.set_fault(WEIGHTS, Fault::NoLocation);
    assert!(matches!(
        scene.error(&[REPO, &scene.server.url()]),
        HubError::Server(_)
    ));
    scene.server.set_fault("", Fault::Status(503));
    assert!(matches!(
        scene.error(&["503", "later"]),
        HubError::Server(_)
    ));
    scene.server.set_fault("", Fault::Status(204));
    assert!(matches!(scene.error(&["HF_ENDPOINT"]), HubError::Server(_)));
}

#[test]
fn refused_connection_and_bad_endpoints() {
    let scene = Scene::new();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let at = |endpoint: &str| {
        let settings = HubSettings {
            endpoint: endpoint.into(),
            ..scene.settings.clone()
        };
        scene.fetch_at("main", &settings).unwrap_err()
    };
    for endpoint in [format!("http://{nobody}"), "http://nowhere.invalid/".into()] {
        let names = [
            endpoint.trim_end_matches('/'),
            REPO,
            "HF_HUB_OFFLINE=1",
            "local model folder",
        ];
        assert!(matches!(
            says(at(&endpoint), &names),
            HubError::Unreachable(_)
        ));
    }
    for endpoint in ["huggingface.co", "ftp://x", "http://", "not a url"] {
        says(at(endpoint), &["HF_ENDPOINT"]);
    }
}

#[cfg(unix)]
#[test]
fn cache_that_cannot_be_written() {
    let scene = Scene::new();
    // Permissions do not hold root back; a file in the way holds everyone.
    fs::write(&scene.settings.cache, "").unwrap();
    assert!(matches!(scene.error(&["HF_HOME"]), HubError::Cache(_)));
}

#[test]
fn specs() {
    let read = |text: &str| {
        text.parse::<HubSpec>()
            .map(|spec| (spec.repo, spec.revision))
    };
    let good = |text: &str, revision: &str| {
        assert_eq!(read(text).unwrap(), ("a.b/C_d-1".into(), revision.into()))
    };
    good("a.b/C_d-1", "main");
    good("a.b/C_d-1@v1.0", "v1.0");
    good("a.b/C_d-1@refs/pr/3", "refs/pr/3");
    for bad in [
        "", "name", "/name", "org/", "a/b/c", "a/..", "../a", ".a/b", "-a/b", "a/b--c", "a b/c",
        "a/b@", "a/b@x@y", "a/b@/etc", "a/b@x/", "a/b@../x", "a/b@x//y", "a/b@.x", "a/b@x y",
        "a/ü", "hf:a/b",
    ] {
        says(
            read(bad).unwrap_err(),
            &[&format!("hf:{bad}"), "hf:ORG/NAME@REVISION"],
        );
    }
}
