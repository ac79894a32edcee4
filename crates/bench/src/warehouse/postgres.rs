//! A PostgreSQL server of the measurement's own, where PostgreSQL is installed.

use std::error::Error;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use postgres::{Client, NoTls};

/// How long the server may take to start.
const START_TIME: Duration = Duration::from_secs(60);

/// A server with an empty data directory. It ends when this is dropped.
pub(super) struct Server {
    process: Child,
    url: String,
    _folder: tempfile::TempDir,
}

/// A program of PostgreSQL, which Debian does not put on the path.
fn program(name: &str) -> PathBuf {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|entries| entries.flatten().map(|entry| entry.path().join("bin").join(name)).collect())
        .unwrap_or_default();
    versions.sort();
    versions.pop().unwrap_or_else(|| PathBuf::from(name))
}

/// PostgreSQL refuses to run as root.
fn command(name: &str) -> Command {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
    if !is_root {
        return Command::new(program(name));
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program(name));
    command
}

impl Server {
    /// Returns `None`, with a message, if PostgreSQL is not installed.
    pub(super) fn start() -> Result<Option<Server>, Box<dyn Error>> {
        if Command::new(program("initdb")).arg("--version").output().is_err() {
            eprintln!("skipped: PostgreSQL is not installed (in Debian: apt-get install postgresql)");
            return Ok(None);
        }
        let folder = tempfile::tempdir()?;
        #[cfg(unix)]
        std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o777))?;
        let data = folder.path().join("data");
        let made = command("initdb")
            .args(["--username=postgres", "--encoding=UTF8", "--auth=trust", "-D"])
            .arg(&data)
            .current_dir(folder.path())
            .output()?;
        if !made.status.success() {
            return Err(format!("initdb failed: {}", String::from_utf8_lossy(&made.stderr)).into());
        }
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let process = command("postgres")
            .arg("-D")
            .arg(&data)
            .args(["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="])
            .args(["-p", &port.to_string()])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let url = format!("postgresql://postgres@127.0.0.1:{port}/postgres?sslmode=disable");
        let server = Server { process, url, _folder: folder };
        let begin = Instant::now();
        while let Err(error) = Client::connect(&server.url, NoTls) {
            if begin.elapsed() > START_TIME {
                return Err(format!("PostgreSQL did not start: {error}").into());
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(Some(server))
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Removes all tables.
    pub(super) fn reset(&self) -> Result<(), Box<dyn Error>> {
        let mut client = Client::connect(&self.url, NoTls)?;
        Ok(client.batch_execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The postmaster ends its own children.
        let _ = Command::new("kill").args(["-QUIT", &self.process.id().to_string()]).status();
        let _ = self.process.wait();
    }
}
