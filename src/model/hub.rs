//! Brings the files of a Hugging Face repository to a local folder.
//!
//! The crate `hf-hub` downloads, into the cache that the hub's own tools use
//! (`models--ORG--NAME/{blobs,refs,snapshots}`). It neither verifies what it downloads nor keeps
//! the files of a branch to one commit, so this module resolves the revision to a commit first,
//! takes every file at that commit, and compares each new file with the hash that is its ETag.

use std::cell::Cell;
use std::fmt;
use std::fs::{self, File};
use std::io::ErrorKind::*;
use std::io::{self, Read};
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Once;

use hf_hub::api::sync::{Api, ApiBuilder, ApiError, ApiRepo};
use hf_hub::{Cache, Repo, RepoType};
use sha1::Sha1;
use sha2::digest::DynDigest;
use sha2::{Digest, Sha256};

/// A repository on the hub and one of its revisions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubSpec {
    /// `ORG/NAME`.
    pub repo: String,
    /// A branch, a tag or a commit.
    pub revision: String,
}

impl FromStr for HubSpec {
    type Err = HubError;

    /// Reads `ORG/NAME` or `ORG/NAME@REV`, as written after `hf:`; without REV it is `main`.
    fn from_str(given: &str) -> Result<Self, HubError> {
        let (repo, revision) = given.split_once('@').unwrap_or((given, "main"));
        // All become names of files: nothing may climb out of the cache. The cache writes `/` as
        // `--`, which is why the hub allows no `--` in a name.
        let plain = |part: &str| {
            let odd = |c: char| !c.is_ascii_alphanumeric() && !"._-".contains(c);
            let climbs = part.is_empty() || part.starts_with('.') || part.contains("..");
            !climbs && !part.contains(odd)
        };
        let name = |part: &str| plain(part) && !part.starts_with('-') && !part.contains("--");
        let wrong = match repo.split_once('/') {
            None => "ORG/ is missing",
            Some((org, model)) if !name(org) || !name(model) => "ORG or NAME is no valid name",
            _ if !revision.split('/').all(plain) => "what follows `@` is no valid revision",
            Some(_) => {
                let (repo, revision) = (repo.to_owned(), revision.to_owned());
                return Ok(Self { repo, revision });
            }
        };
        Err(HubError::Spec(format!("`hf:{given}`: {wrong}")))
    }
}

impl fmt::Display for HubSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "hf:{}@{}", self.repo, self.revision)
    }
}

/// Why files of a repository could not be had; the text inside says which file and what is wrong.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// Not the form of a repository.
    #[error("{0}; write hf:ORG/NAME or hf:ORG/NAME@REVISION (a branch, a tag or a commit)")]
    Spec(String),
    /// An environment variable is wrong.
    #[error("{0}; set it anew, or unset it")]
    Settings(String),
    /// Not in the cache, and nothing may be downloaded.
    #[error(
        "{0}, and HF_HUB_OFFLINE is set; unset HF_HUB_OFFLINE to download it, set HF_HOME to \
         a folder that has it, or give a local model folder"
    )]
    Offline(String),
    /// HTTP 401, 403 or 404.
    #[error(
        "{0}: the repository or revision does not exist, or is private, or asks to accept \
         its terms; check the spelling, or set HF_TOKEN to a token that may read it"
    )]
    NoAccess(String),
    /// The repository lacks a required file.
    #[error("{0}, which is needed; choose another repository or revision")]
    NoFile(String),
    /// No connection.
    #[error(
        "{0}; check the network and HF_ENDPOINT, or set HF_HUB_OFFLINE=1 to use files that \
         are already in the cache, or give a local model folder"
    )]
    Unreachable(String),
    /// Part of a file arrived, or another process is at it.
    #[error("{0}; run the same command again, it resumes from there")]
    Interrupted(String),
    /// A file is not what its hash says.
    #[error(
        "{0}; it was removed from the cache; run the same command again to download it \
         anew, and if this repeats, check HF_ENDPOINT and any proxy"
    )]
    Damaged(String),
    /// Not what a hub answers, or nothing to verify weights with.
    #[error("{0}; check that HF_ENDPOINT is a Hugging Face hub, or try again later")]
    Server(String),
    /// The cache cannot be written or read.
    #[error("{0}; check its permissions and the free space, or set HF_HOME to another folder")]
    Cache(String),
}

/// Where and how to fetch.
#[derive(Clone)]
pub struct HubSettings {
    /// The folder that holds the `models--ORG--NAME` folders.
    pub cache: PathBuf,
    /// The hub's address, such as `https://huggingface.co`.
    pub endpoint: String,
    /// Use the cache only, connect to nothing.
    pub offline: bool,
    /// Sent to the hub as `Authorization: Bearer TOKEN`.
    pub token: Option<String>,
}

impl HubSettings {
    /// Reads `HF_HOME`, `HF_ENDPOINT`, `HF_HUB_OFFLINE` and `HF_TOKEN` (or else the token that
    /// `hf auth login` stored), as the hub's own tools do. An empty variable counts as unset.
    pub fn from_env() -> Result<Self, HubError> {
        let var = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        // Not through `var`: a path need not be UTF-8.
        let home = std::env::var_os("HF_HOME").filter(|home| !home.is_empty());
        let usual = || Some(std::env::home_dir()?.join(".cache/huggingface"));
        let Some(home) = home.map(PathBuf::from).or_else(usual) else {
            let wrong = "neither HF_HOME nor HOME is set";
            return Err(HubError::Settings(wrong.to_owned()));
        };
        let cache = home.join("hub");
        let offline = var("HF_HUB_OFFLINE").unwrap_or_default().to_lowercase();
        Ok(Self {
            endpoint: var("HF_ENDPOINT").unwrap_or_else(|| "https://huggingface.co".to_owned()),
            offline: ["1", "true", "yes", "on"].contains(&offline.as_str()),
            token: var("HF_TOKEN").or_else(|| Cache::new(cache.clone()).token()),
            cache,
        })
    }
}

/// [`fetch_with`] the settings of the environment.
pub fn fetch(
    spec: &HubSpec,
    required: &[&str],
    optional: &[&str],
    progress: bool,
) -> Result<PathBuf, HubError> {
    let settings = HubSettings::from_env()?;
    fetch_with(&settings, spec, required, optional, progress)
}

/// Brings files of a repository to the cache and returns the folder that holds them: every
/// `required` file, and those of `optional` that the repository has.
///
/// Connects to nothing if offline, or if the revision is a full commit hash and the cache has
/// everything. Otherwise asks the hub for the revision's commit, and downloads what is missing.
pub fn fetch_with(
    settings: &HubSettings,
    spec: &HubSpec,
    required: &[&str],
    optional: &[&str],
    progress: bool,
) -> Result<PathBuf, HubError> {
    let repo = Repo::with_revision(spec.repo.clone(), RepoType::Model, spec.revision.clone());
    let folder = settings.cache.join(repo.folder_name());
    let snapshot_of = |commit: &str| folder.join("snapshots").join(commit);
    // The hub's tools note by empty files what a commit lacks.
    let absent = |commit: &str, file: &str| folder.join(".no_exist").join(commit).join(file);
    let reference = folder.join("refs").join(&spec.revision);

    let pinned = is_commit(&spec.revision);
    if settings.offline || pinned {
        let known = match pinned {
            true => spec.revision.clone(),
            false => fs::read_to_string(&reference).unwrap_or_default(),
        };
        let snapshot = snapshot_of(known.trim());
        let here = |file: &str| is_commit(known.trim()) && snapshot.join(file).is_file();
        let settled = |file: &&str| here(file) || absent(&known, file).is_file();
        match required.iter().find(|file| !here(file)) {
            None if settings.offline || optional.iter().all(settled) => return Ok(snapshot),
            Some(file) if settings.offline => {
                let wrong = format!("{file} of {spec} is not in {}", settings.cache.display());
                return Err(HubError::Offline(wrong));
            }
            _ => {}
        }
    }

    let endpoint = settings.endpoint.trim_end_matches('/');
    let builder = ApiBuilder::from_cache(Cache::new(settings.cache.clone()))
        .with_endpoint(endpoint.to_owned())
        .with_token(settings.token.clone())
        .with_progress(progress);
    let what = spec.to_string();
    let api = guard(&what, endpoint, || builder.build())?;
    let info = guard(&what, endpoint, || api.repo(repo).info())?;
    let commit = info.sha;
    // It becomes a path: nothing but a hash will do.
    if !is_commit(&commit) || pinned && commit != spec.revision {
        let wrong = format!("{spec}: {endpoint} says that its commit is `{commit}`");
        return Err(HubError::Server(wrong));
    }
    let names: Vec<&str> = info.siblings.iter().map(|s| s.rfilename.as_str()).collect();
    if let Some(file) = required.iter().find(|file| !names.contains(file)) {
        return Err(HubError::NoFile(format!("{spec} has no file {file}")));
    }
    let snapshot = snapshot_of(&commit);
    let at_commit = Repo::with_revision(spec.repo.clone(), RepoType::Model, commit.clone());
    let (remote, blobs) = (api.repo(at_commit), folder.join("blobs"));
    let download = Download {
        api,
        remote,
        blobs,
        spec,
        endpoint,
        commit: &commit,
    };
    for file in required.iter().chain(optional) {
        if !names.contains(file) {
            // It only saves a later run a request: no matter if it fails.
            let _ = write(&absent(&commit, file), "");
        } else if !snapshot.join(file).is_file() {
            download.file(file, &snapshot.join(file))?;
        }
    }
    // Last, so that offline runs use the older commit until this one is complete.
    if commit != spec.revision {
        write(&reference, &commit).map_err(|error| disk_error(&reference, &error))?;
    }
    Ok(snapshot)
}

/// What it takes to download files of one commit.
struct Download<'a> {
    api: Api,
    remote: ApiRepo,
    blobs: PathBuf,
    spec: &'a HubSpec,
    endpoint: &'a str,
    commit: &'a str,
}

impl Download<'_> {
    /// Downloads a file that the snapshot lacks, to be found at `pointer`, and verifies it.
    fn file(&self, file: &str, pointer: &Path) -> Result<(), HubError> {
        let (what, endpoint) = (format!("{file} of {}", self.spec), self.endpoint);
        let disk = |error: io::Error| disk_error(pointer, &error);
        let server = |wrong| HubError::Server(format!("{what}: {endpoint} gives {wrong}"));
        let url = self.remote.url(file);
        let metadata = guard(&what, endpoint, || self.api.metadata(&url))?;
        let (etag, size) = (metadata.etag(), metadata.size() as u64);
        let hash = etag.trim_start_matches("W/");
        let odd = |c: char| !c.is_ascii_alphanumeric() && !"_-".contains(c);
        // Both become names of files.
        if metadata.commit_hash() != self.commit || hash.is_empty() || hash.contains(odd) {
            let wrong = format!("ETag `{etag}`, commit `{}`", metadata.commit_hash());
            return Err(server(wrong));
        }
        if !is_hash(hash) && file.ends_with(".safetensors") {
            let wrong = "no SHA-256 or git hash to verify it with";
            return Err(server(format!("{wrong}, but the ETag `{etag}`")));
        }

        // hf-hub trips over a link whose blob is gone.
        remove(pointer).map_err(disk)?;
        // The same file may be there for another commit; hf-hub would download it again.
        let same = self.blobs.join(hash);
        if is_hash(hash) && hash_of(&same, hash).is_ok_and(|got| got == hash) {
            return link(&same, pointer, file).map_err(disk);
        }
        let blob = self.blobs.join(etag); // hf-hub keeps the `W/`
        let part = blob.with_extension("part");
        // hf-hub never gets over a part that is not shorter than the file.
        if length(&part) >= size {
            remove(&part).map_err(disk)?;
        }
        let interrupted = |cause: &str| {
            let got = length(&part);
            let wrong = format!("the download stopped after {got} of {size} bytes ({cause})");
            HubError::Interrupted(format!("{what}: {wrong}"))
        };
        let downloaded = guard(&what, endpoint, || self.remote.download(file));
        downloaded.map_err(|error| match error {
            HubError::Interrupted(cause) => interrupted(&cause),
            other => other,
        })?;

        if length(pointer) < size {
            // hf-hub takes any end of an answer for the end of the file: make it a part again.
            let stored = fs::canonicalize(pointer).map_err(disk)?;
            fs::rename(stored, &part).map_err(disk)?;
            remove(pointer).map_err(disk)?;
            return Err(interrupted("the answer ended early"));
        }
        let (expected, got) = if is_hash(hash) {
            (hash.to_owned(), hash_of(pointer, hash).map_err(disk)?)
        } else {
            (size.to_string(), length(pointer).to_string())
        };
        if got != expected {
            remove(pointer).and_then(|()| remove(&blob)).map_err(disk)?;
            let wrong = format!("expected {expected}, got {got}");
            return Err(HubError::Damaged(format!("{what} is damaged: {wrong}")));
        }
        Ok(())
    }
}

/// Calls hf-hub and translates its errors, and its panics: it has some for odd answers.
fn guard<T>(
    what: &str,
    endpoint: &str,
    call: impl FnOnce() -> Result<T, ApiError>,
) -> Result<T, HubError> {
    thread_local!(static GUARDED: Cell<bool> = const { Cell::new(false) });
    static HOOK: Once = Once::new();
    // Keeps the message of a panic that becomes an error off the terminal.
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !GUARDED.get() {
                usual(info);
            }
        }));
    });
    GUARDED.set(true);
    let result = panic::catch_unwind(AssertUnwindSafe(call));
    GUARDED.set(false);

    let server = |cause| HubError::Server(format!("{what}: odd answer of {endpoint}: {cause}"));
    let error = match result {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(ApiError::RequestError(error))) => *error,
        // From copying the network to the disk; only errors of the latter are the system's own.
        Ok(Err(ApiError::IoError(error))) => {
            let network = [ConnectionReset, ConnectionAborted, TimedOut];
            if error.raw_os_error().is_none() || network.contains(&error.kind()) {
                return Err(HubError::Interrupted(error.to_string()));
            }
            return Err(HubError::Cache(format!("{what}: cannot write: {error}")));
        }
        Ok(Err(ApiError::LockAcquisition(lock))) => {
            let cause = format!("another process is at it and holds {}", lock.display());
            return Err(HubError::Interrupted(cause));
        }
        Ok(Err(error)) => return Err(server(error.to_string())),
        Err(_) => return Err(server("hf-hub panics over it".to_owned())),
    };
    use ureq::Error as Http;
    Err(match error {
        Http::StatusCode(status @ (401 | 403 | 404)) => {
            HubError::NoAccess(format!("{what}: HTTP {status} from {endpoint}"))
        }
        Http::StatusCode(_) | Http::Json(_) | Http::Protocol(_) => server(error.to_string()),
        Http::BadUri(_) | Http::Http(_) => HubError::Settings(format!(
            "HF_ENDPOINT ({endpoint}) or HF_TOKEN is bad: {error}"
        )),
        _ => HubError::Unreachable(format!("{what}: cannot reach {endpoint} ({error})")),
    })
}

fn disk_error(path: &Path, error: &io::Error) -> HubError {
    HubError::Cache(format!("cannot use {}: {error}", path.display()))
}

fn is_commit(text: &str) -> bool {
    text.len() == 40 && is_hash(text)
}

/// Whether an ETag is the SHA-256 of a file (those in LFS), or git's hash of it (the others).
fn is_hash(etag: &str) -> bool {
    let hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    matches!(etag.len(), 40 | 64) && etag.bytes().all(hex)
}

/// The hash of a file, of the kind that `like` is.
fn hash_of(path: &Path, like: &str) -> io::Result<String> {
    let mut file = File::open(path)?;
    let header = format!("blob {}\0", file.metadata()?.len());
    let mut digest: Box<dyn DynDigest> = match like.len() {
        64 => Box::new(Sha256::new()),
        _ => Box::new(Sha1::new_with_prefix(header)),
    };
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            count => digest.update(&buffer[..count]),
        }
    }
    let bytes = digest.finalize();
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The length of a file, 0 if there is none.
fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// Removes a file or a link if there is one.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Writes a small file, and the folders above it.
fn write(path: &Path, content: &str) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write(path, content)
}

/// Puts a blob into a snapshot; the hub's tools have relative links there.
fn link(blob: &Path, pointer: &Path, file: &str) -> io::Result<()> {
    pointer.parent().map_or(Ok(()), fs::create_dir_all)?;
    #[cfg(unix)]
    if let Some(name) = blob.file_name() {
        let up = "../".repeat(2 + file.matches('/').count());
        return std::os::unix::fs::symlink(Path::new(&up).join("blobs").join(name), pointer);
    }
    let _ = file;
    fs::hard_link(blob, pointer)
}
