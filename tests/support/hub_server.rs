//! A small Hugging Face hub on 127.0.0.1, for tests: it serves one repository from a folder, over
//! HTTP/1.1 without keep-alive, and can misbehave.
//!
//! Like the real one, it answers `/api/models/REPO/revision/REV` with the commit and the file
//! names, redirects `/REPO/resolve/REV/FILE` relatively for small files and to another address
//! (`/cdn/SHA256`) for the weights, whose SHA-256 it tells in `X-Linked-Etag`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use sha1::Sha1;
use sha2::{Digest, Sha256};

/// How the server fails for a file.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Closes the connection after so many bytes of a body that is announced as longer.
    DropAfter(usize),
    /// Sends so many bytes of what was asked for, as if that were all.
    TruncateAfter(usize),
    /// Sends the right number of bytes, all of them wrong.
    WrongBytes,
    /// Ignores `Range` where more than the first byte is asked for, and sends everything.
    IgnoreRange,
    /// Answers with this status and nothing else.
    Status(u16),
    /// Redirects, but to nowhere.
    NoLocation,
    /// Gives this as the ETag.
    Etag(String),
}

/// A request that the server got.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub path: String,
    /// The first and the last byte of `Range: bytes=FIRST-LAST`.
    pub range: Option<(usize, Option<usize>)>,
    pub authorization: Option<String>,
}

impl Request {
    /// Whether it asks for a file's content, not only for its first byte to learn its size.
    pub fn is_for_body(&self) -> bool {
        !self.path.starts_with("/api/models/") && self.range != Some((0, Some(0)))
    }
}

struct Entry {
    bytes: Vec<u8>,
    hash: String,
    lfs: bool,
}

#[derive(Default)]
struct State {
    files: BTreeMap<String, Entry>,
    commit: String,
    faults: BTreeMap<String, Fault>,
    token: Option<String>,
    requests: Vec<Request>,
}

/// The server; it stops when dropped.
pub struct HubServer {
    address: SocketAddr,
    folder: PathBuf,
    state: Arc<Mutex<State>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl HubServer {
    /// Serves the files of `folder` as the repository `repo` (`ORG/NAME`), at any revision.
    pub fn serve(folder: &Path, repo: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
        let address = listener.local_addr().expect("address");
        let state = Arc::new(Mutex::new(State::default()));
        let stop = Arc::new(AtomicBool::new(false));
        let thread = {
            let (state, stop, repo) = (state.clone(), stop.clone(), repo.to_owned());
            std::thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    if stop.load(Ordering::SeqCst) {
                        break;
                    }
                    let (state, repo) = (state.clone(), repo.clone());
                    // A client that goes away is no failure of the server.
                    std::thread::spawn(move || answer(stream, &state, &repo, address).ok());
                }
            })
        };
        let folder = folder.to_owned();
        let server = Self {
            address,
            folder,
            state,
            stop,
            thread: Some(thread),
        };
        server.reload();
        server
    }

    /// Reads the folder again; other content is another commit.
    pub fn reload(&self) {
        let mut files = BTreeMap::new();
        read_folder(&self.folder, "", &mut files);
        let mut tree = Sha1::new();
        for (name, entry) in &files {
            tree.update(format!("{name} {}\n", entry.hash));
        }
        let mut state = self.state();
        state.commit = hex(&tree.finalize());
        state.files = files;
    }

    /// What `HF_ENDPOINT` must be.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The full hash of the commit that is served.
    pub fn commit(&self) -> String {
        self.state().commit.clone()
    }

    /// The SHA-256 of a weights file, git's hash of another.
    pub fn hash(&self, file: &str) -> String {
        self.state().files[file].hash.clone()
    }

    /// Makes a file fail from now on, or, by `None`, work again. `""` stands for the repository.
    pub fn set_fault(&self, file: &str, fault: impl Into<Option<Fault>>) {
        let mut state = self.state();
        match fault.into() {
            Some(fault) => state.faults.insert(file.to_owned(), fault),
            None => state.faults.remove(file),
        };
    }

    /// Answers 401 to everyone who does not send this token.
    pub fn require_token(&self, token: &str) {
        self.state().token = Some(token.to_owned());
    }

    /// All requests since the start, or since they were cleared.
    pub fn requests(&self) -> Vec<Request> {
        self.state().requests.clone()
    }

    pub fn clear_requests(&self) {
        self.state().requests.clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl Drop for HubServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the thread up.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read_folder(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Entry>) {
    for item in fs::read_dir(folder).expect("a folder to serve") {
        let path = item.expect("an item").path();
        let name = format!(
            "{prefix}{}",
            path.file_name().expect("a name").to_string_lossy()
        );
        if path.is_dir() {
            read_folder(&path, &format!("{name}/"), files);
            continue;
        }
        let bytes = fs::read(&path).expect("a file to serve");
        let lfs = name.ends_with(".safetensors") || name.ends_with(".bin");
        let hash = if lfs {
            hex(&Sha256::digest(&bytes))
        } else {
            let mut git = Sha1::new_with_prefix(format!("blob {}\0", bytes.len()));
            git.update(&bytes);
            hex(&git.finalize())
        };
        files.insert(name, Entry { bytes, hash, lfs });
    }
}

fn read_request(stream: &TcpStream) -> std::io::Result<Request> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    let mut words = first.split(' ').map(str::to_owned);
    let mut request = Request {
        method: words.next().unwrap_or_default(),
        path: words.next().unwrap_or_default(),
        range: None,
        authorization: None,
    };
    for line in lines {
        let line = line?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "authorization" => request.authorization = Some(value.trim().to_owned()),
            "range" => {
                let bounds = value
                    .trim()
                    .strip_prefix("bytes=")
                    .and_then(|b| b.split_once('-'));
                request.range =
                    bounds.and_then(|(first, last)| Some((first.parse().ok()?, last.parse().ok())));
            }
            _ => {}
        }
    }
    Ok(request)
}

fn answer(
    mut stream: TcpStream,
    state: &Mutex<State>,
    repo: &str,
    address: SocketAddr,
) -> std::io::Result<()> {
    let request = read_request(&stream)?;
    let mut guard = lock(state);
    guard.requests.push(request.clone());
    let (head, body) = respond(&guard, &request, repo, address);
    // Not while sending: another request may come meanwhile.
    drop(guard);
    write!(stream, "HTTP/1.1 {head}Connection: close\r\n\r\n")?;
    if request.method != "HEAD" {
        stream.write_all(&body)?;
    }
    stream.flush()?;
    stream.shutdown(Shutdown::Write)
}

/// The status line with the headers, and the body.
fn respond(state: &State, request: &Request, repo: &str, address: SocketAddr) -> (String, Vec<u8>) {
    let plain = |status: u16, code: &str| {
        (
            format!("{status} Test\r\nX-Error-Code: {code}\r\nContent-Length: 0\r\n"),
            Vec::new(),
        )
    };
    let commit = &state.commit;
    let bearer = state.token.as_ref().map(|token| format!("Bearer {token}"));
    if !request.path.starts_with("/cdn/") && bearer.is_some() && bearer != request.authorization {
        return plain(401, "RepoNotFound");
    }
    if request
        .path
        .starts_with(&format!("/api/models/{repo}/revision/"))
    {
        if let Some(Fault::Status(status)) = state.faults.get("") {
            return plain(*status, "Fault");
        }
        let names = state
            .files
            .keys()
            .map(|name| format!("{{\"rfilename\":\"{name}\"}}"));
        let names = names.collect::<Vec<_>>().join(",");
        let json = format!("{{\"id\":\"{repo}\",\"sha\":\"{commit}\",\"siblings\":[{names}]}}");
        let length = json.len();
        let head =
            format!("200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n");
        return (head, json.into_bytes());
    }
    if let Some(hash) = request.path.strip_prefix("/cdn/") {
        let found = state
            .files
            .iter()
            .find(|(_, entry)| entry.lfs && entry.hash == hash);
        let Some((name, entry)) = found else {
            return plain(404, "Gone");
        };
        let head = format!("ETag: \"{hash}\"\r\n");
        return content(head, &entry.bytes, request, state.faults.get(name));
    }

    let cached = format!("/api/resolve-cache/models/{repo}/{commit}/");
    let resolve = format!("/{repo}/resolve/");
    let (name, is_cached) = if let Some(name) = request.path.strip_prefix(&cached) {
        (name, true)
    } else if let Some((_, name)) = request
        .path
        .strip_prefix(&resolve)
        .and_then(|rest| rest.split_once('/'))
    {
        (name, false)
    } else {
        return plain(
            if request.authorization.is_some() {
                404
            } else {
                401
            },
            "RepoNotFound",
        );
    };
    let Some(entry) = state.files.get(name) else {
        return plain(404, "EntryNotFound");
    };
    let fault = state.faults.get(name);
    let etag = match fault {
        Some(Fault::Status(status)) => return plain(*status, "Fault"),
        Some(Fault::Etag(etag)) => etag.clone(),
        _ => format!("\"{}\"", entry.hash),
    };
    let location = match (fault, entry.lfs) {
        (Some(Fault::NoLocation), _) => String::new(),
        (_, true) => format!("Location: http://{address}/cdn/{}\r\n", entry.hash),
        (_, false) => format!("Location: {cached}{name}\r\n"),
    };
    let linked = if entry.lfs {
        format!(
            "X-Linked-Etag: {etag}\r\nX-Linked-Size: {}\r\n",
            entry.bytes.len()
        )
    } else {
        String::new()
    };
    let head = format!("X-Repo-Commit: {commit}\r\nETag: {etag}\r\n{linked}");
    if is_cached {
        return content(head, &entry.bytes, request, fault);
    }
    let status = if entry.lfs {
        "302 Found"
    } else {
        "307 Temporary Redirect"
    };
    (
        format!("{status}\r\n{head}{location}Content-Length: 0\r\n"),
        Vec::new(),
    )
}

/// Answers with the bytes that were asked for, or as the fault wants.
fn content(
    head: String,
    bytes: &[u8],
    request: &Request,
    fault: Option<&Fault>,
) -> (String, Vec<u8>) {
    let total = bytes.len();
    let probe = request.range == Some((0, Some(0)));
    let range = match fault {
        Some(Fault::IgnoreRange) if !probe => None,
        _ => request.range,
    };
    let (first, end) = match range {
        Some((first, last)) => (first, last.map_or(total, |last| total.min(last + 1))),
        None => (0, total),
    };
    if range.is_some() && first >= end {
        let head =
            format!("416 Range\r\n{head}Content-Range: bytes */{total}\r\nContent-Length: 0\r\n");
        return (head, Vec::new());
    }
    let mut body = bytes[first..end].to_vec();
    let mut length = body.len();
    match fault {
        Some(Fault::DropAfter(count)) => body.truncate(*count),
        Some(Fault::TruncateAfter(count)) => {
            body.truncate(*count);
            length = body.len();
        }
        Some(Fault::WrongBytes) => body.iter_mut().for_each(|byte| *byte = !*byte),
        _ => {}
    }
    let status = match range {
        Some(_) => format!(
            "206 Partial Content\r\nContent-Range: bytes {first}-{}/{total}",
            end - 1
        ),
        None => "200 OK".to_owned(),
    };
    (
        format!("{status}\r\n{head}Accept-Ranges: bytes\r\nContent-Length: {length}\r\n"),
        body,
    )
}
