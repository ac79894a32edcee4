//! Starts a PostgreSQL server with an empty data directory, if PostgreSQL is installed. The benchmarks use it too.

use std::error::Error;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use postgres::{Client, NoTls};

/// How long the server may take to start.
const START_TIME: Duration = Duration::from_secs(60);

/// A server that is stopped when this is dropped.
pub(crate) struct Server {
    process: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

/// Settings of a server.
pub(crate) struct Settings<'a> {
    /// How users are authenticated, as in `pg_hba.conf`.
    pub(crate) authentication: &'a str,
    /// The password of the user `postgres`.
    pub(crate) password: &'a str,
    /// Whether commits wait for the disk (`fsync`), as on production servers.
    pub(crate) is_durable: bool,
}

/// Returns the path of a PostgreSQL program. Debian does not install them in a directory of `PATH`.
fn program(name: &str) -> PathBuf {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|entries| entries.flatten().map(|entry| entry.path().join("bin").join(name)).collect())
        .unwrap_or_default();
    versions.sort();
    versions.pop().unwrap_or_else(|| PathBuf::from(name))
}

/// Creates the command of a PostgreSQL program. PostgreSQL refuses to run as root, so root starts it as `postgres`.
fn command(name: &str) -> Command {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
    if !is_root {
        return Command::new(program(name));
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program(name));
    command
}

/// Creates the data directory. `folder` is the directory of the server.
fn initialize(folder: &Path, data: &Path, settings: &Settings<'_>) -> Result<(), Box<dyn Error>> {
    let password = folder.join("password");
    std::fs::write(&password, settings.password)?;
    let made = command("initdb")
        .args(["--username=postgres", "--no-sync", "--encoding=UTF8", "-D"])
        .arg(data)
        .arg(format!("--auth={}", settings.authentication))
        .arg(format!("--pwfile={}", password.display()))
        .current_dir(folder)
        .output()?;
    match made.status.success() {
        true => Ok(()),
        false => Err(format!("initdb failed: {}", String::from_utf8_lossy(&made.stderr)).into()),
    }
}

/// The directory in which the tests keep a data directory, because a copy takes much less time than a new one.
fn kept(version: &str, settings: &Settings<'_>) -> Option<PathBuf> {
    let name = format!("{} {} {}", version.trim(), settings.authentication, settings.password);
    let name = name.replace(|character: char| !character.is_ascii_alphanumeric(), "-");
    option_env!("CARGO_TARGET_TMPDIR").map(|folder| Path::new(folder).join(name))
}

/// Copies a directory, with the owners of its files. Returns whether it could be copied.
fn copy(from: &Path, to: &Path) -> bool {
    from.is_dir() && Command::new("cp").arg("-a").arg(from).arg(to).status().is_ok_and(|cp| cp.success())
}

/// Copies a data directory to `kept`, unless another test has done so meanwhile.
fn keep(data: &Path, kept: &Path) {
    let unfinished = kept.parent().and_then(|parent| tempfile::tempdir_in(parent).ok());
    if let Some(unfinished) = unfinished {
        let copied = unfinished.path().join("data");
        // Fails if the directory exists.
        let _ = copy(data, &copied).then(|| std::fs::rename(copied, kept));
    }
}

impl Server {
    /// Starts a server. Prints a message and returns `None` if PostgreSQL is not installed.
    pub(crate) fn start(settings: &Settings<'_>) -> Result<Option<Server>, Box<dyn Error>> {
        let Ok(version) = Command::new(program("initdb")).arg("--version").output() else {
            eprintln!("skipped: PostgreSQL is not installed (in Debian: apt-get install postgresql)");
            return Ok(None);
        };
        let folder = tempfile::tempdir()?;
        #[cfg(unix)]
        std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o777))?;
        let data = folder.path().join("data");
        let kept = kept(&String::from_utf8_lossy(&version.stdout), settings);
        if !kept.as_ref().is_some_and(|kept| copy(kept, &data)) {
            initialize(folder.path(), &data, settings)?;
            if let Some(kept) = kept {
                keep(&data, &kept);
            }
        }
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let process = command("postgres")
            .arg("-D")
            .arg(&data)
            .args(["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="])
            .args(["-c", if settings.is_durable { "fsync=on" } else { "fsync=off" }])
            .args(["-p", &port.to_string()])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let server = Server { process, port, _folder: folder };
        let begin = Instant::now();
        while let Err(error) = Client::connect(&server.url_with(settings.password), NoTls) {
            if begin.elapsed() > START_TIME {
                return Err(format!("PostgreSQL did not start: {error}").into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(Some(server))
    }

    /// The URL of the database, without a password.
    pub(crate) fn url(&self) -> String {
        format!("postgresql://postgres@127.0.0.1:{}/postgres?sslmode=disable", self.port)
    }

    /// The URL of the database with this password.
    pub(crate) fn url_with(&self, password: &str) -> String {
        self.url().replace("postgres@", &format!("postgres:{password}@"))
    }

    /// Connects to the database.
    pub(crate) fn client(&self) -> Result<Client, postgres::Error> {
        Client::connect(&self.url(), NoTls)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // On SIGQUIT, the main process of the server stops its child processes.
        let _ = Command::new("kill").args(["-QUIT", &self.process.id().to_string()]).status();
        let _ = self.process.wait();
    }
}
