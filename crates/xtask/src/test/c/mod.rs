//! libgettickets from C and C++: what is installed, the tests in bindings/c/tests, the examples and the README.
//!
//! Everything is built against an installed library, like users' programs, with warnings as errors.

mod build;
mod examples;
mod home;
mod layout;
mod readme;
mod surface;

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use self::build::{Build, Compiler, Link};
use self::home::Home;
use crate::c::header;
use crate::process::{Background, Program, Result, cargo, program, root, target};
use crate::tools;

pub(super) fn run() -> Result {
    tools::c()?;
    tools::php()?;
    step("the header matches the sources", header::check)?;
    step("every part can be left out", parts)?;
    let home = step("the library is installed", Home::new)?;
    let server = step("the sandbox is built", Server::start)?;
    // The longest parts first, so that no processor waits for the last one.
    in_parallel(&[
        ("the suite in C, also with valgrind", &|| suite(&home).and_then(|()| valgrind(&home))),
        ("refused programs in C++", &|| refused(&home)),
        ("the wrapper in C++", &|| wrapper(&home)),
        ("the examples", &|| examples::run(&home, &server)),
        ("forked children, little memory, no threads, unloading, signals", &|| processes(&home)),
        ("the README's quick starts", &|| readme::run(&home, &server)),
        ("faults on the wire", &|| faults(&home)),
        ("the stream is read by an Arrow library", &|| arrow(&home)),
        ("scans of lists that change at every request", &|| histories(&home)),
        ("build systems find it", &|| layout::check(&home)),
        ("conformance of C and C++", &|| conformance(&home)),
        ("exported symbols and headers", &|| surface::check(&home)),
        ("another Rust library in one program", &|| beside_another(&home)),
        ("two releases in one process", &|| two_releases(&home)),
    ])
}

/// A part of the step with its name.
type Part<'a> = (&'a str, &'a (dyn Fn() -> Result + Sync));

/// Runs parts that do not depend on each other, one on each processor. The first error ends it.
fn in_parallel(parts: &[Part<'_>]) -> Result {
    let next = AtomicUsize::new(0);
    let has_failed = AtomicBool::new(false);
    let work = || -> Result {
        while !has_failed.load(Ordering::Relaxed) {
            let Some((name, part)) = parts.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
            step(name, part).inspect_err(|_| has_failed.store(true, Ordering::Relaxed))?;
        }
        Ok(())
    };
    let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..processors).map(|_| scope.spawn(work)).collect();
        let ends = workers.into_iter().map(|worker| {
            worker
                .join()
                .unwrap_or_else(|_| Err("a part ended with a panic, which is shown above".to_owned()))
        });
        // Waits for all of them before an error is returned.
        ends.collect::<Vec<_>>().into_iter().collect()
    })
}

/// Runs a part, and prints its name and duration.
fn step<T>(what: &str, part: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("--- {what}");
    let start = Instant::now();
    let outcome = part();
    println!("--- {what}: {:.1} s", start.elapsed().as_secs_f64());
    outcome
}

/// Builds the library without each of its parts.
fn parts() -> Result {
    for features in ["", "client", "arrow"] {
        cargo("clippy --quiet --locked --package gettickets-c --no-default-features --features")
            .arg(features)
            .arg("--")
            .arg("-Dwarnings")
            .run()?;
    }
    Ok(())
}

/// The sandbox, started like a user does, with texts that no program may print unsanitized.
struct Server {
    _process: Background,
    url: String,
}

impl Server {
    fn start() -> Result<Server> {
        // With the features and profile of the tests, so that their build is reused.
        cargo("build --workspace --bins --tests --locked --quiet").run()?;
        let gettickets = target().join("debug").join("gettickets");
        let (process, line) =
            program(gettickets, "sandbox --port 0 --tickets 300 --quirk control-chars").start()?;
        let url = line.split_whitespace().next().unwrap_or_default().to_owned();
        if !url.starts_with("http://") {
            return Err(format!("the sandbox does not say where it is: {line:?}"));
        }
        Ok(Server { _process: process, url })
    }

    /// Sets the variables by which a program finds the server.
    fn with_server(&self, program: Program) -> Program {
        program
            .env("GETTICKETS_URL", &self.url)
            .env("GETTICKETS_IDENTIFIER", "sandbox-identifier")
            .env("GETTICKETS_SECRET", "sandbox-secret")
    }
}

fn tests() -> PathBuf {
    root().join("bindings").join("c").join("tests")
}

/// The outcome of every fault on the wire is that of the catalog, and nothing that is shown has credentials. What the
/// server of the faults needs was built with the sandbox.
fn faults(home: &Home) -> Result {
    let driver = Build::new("faults", vec![tests().join("faults.c")]).run(home, &Compiler::C_GCC)?;
    home.program(target().join("debug").join("gettickets-faults"), "c").arg(driver).run()
}

/// The files of a folder with this extension, sorted.
fn sources(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut paths: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|end| end == ending)).collect();
    paths.sort_unstable();
    Ok(paths)
}

fn conformance(home: &Home) -> Result {
    let expected = root().join("tests").join("conformance").join("expected.txt");
    let expected = fs::read(&expected).map_err(|error| format!("{}: {error}", expected.display()))?;
    let c = Build::new("conformance-c", vec![tests().join("conformance.c")]);
    let cpp = Build::new("conformance-cpp", vec![tests().join("cpp").join("conformance.cpp")]);
    // Fully static. The linker warns that host name lookup needs the shared C library.
    let whole = Build::new("conformance-whole", vec![tests().join("conformance.c")])
        .flags("-static -Wl,--no-warnings")
        .link(Link::Static);
    for (build, compiler) in [(c, Compiler::C_GCC), (cpp, Compiler::CPP17_CLANG), (whole, Compiler::C_GCC)] {
        let binary = build.run(home, &compiler)?;
        let found = home.program(&binary, "tests/vectors").printed()?;
        if found != expected {
            return Err(format!(
                "`{} tests/vectors` differs from tests/conformance/expected.txt",
                binary.display()
            ));
        }
    }
    Ok(())
}

/// Runs the suite in C: shared and static, with sanitizers.
fn suite(home: &Home) -> Result {
    let files = sources(&tests().join("suite"), "c")?;
    let suite = |name: &str| Build::new(name, files.clone());
    let shared = suite("suite").run(home, &Compiler::C_GCC)?;
    home.program(&shared, "").run()?;
    let fixed = suite("suite-static").link(Link::Static).run(home, &Compiler::C_CLANG)?;
    home.program(&fixed, "").without_env("LD_LIBRARY_PATH").run()?;
    let sanitized = suite("suite-sanitized")
        .flags("-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer")
        .run(home, &Compiler::C_GCC)?;
    home.program(&sanitized, "").run()
}

/// Runs the suite with valgrind, for leaks and races.
fn valgrind(home: &Home) -> Result {
    let suite = home.out.join(format!("suite-{}-{}", Compiler::C_GCC.program, Compiler::C_GCC.standard));
    let valgrind = |tool: &str, groups: &str| {
        let suppressions = home.prefix.join("share/gettickets/valgrind.supp");
        home.program("valgrind", &format!("--quiet --error-exitcode=9 {tool}"))
            .arg(format!("--suppressions={}", suppressions.display()))
            .arg(&suite)
            .args(groups)
            .run()
    };
    let kinds = "definite,indirect,possible";
    valgrind(&format!("--leak-check=full --show-leak-kinds={kinds} --errors-for-leak-kinds={kinds}"), "")?;
    valgrind("--tool=helgrind", "reading")?;
    // helgrind does not know Rust's locks, so their reports are suppressed; see valgrind.supp.
    valgrind("--tool=helgrind", "thread")
}

/// Runs the programs that need a separate process, because they fork, limit their memory or replace functions.
fn processes(home: &Home) -> Result {
    for source in sources(&tests().join("process"), "c")? {
        let name = source.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let binary = Build::new(format!("process-{name}"), vec![source]).run(home, &Compiler::C_GCC)?;
        let program = home.program(binary, "");
        // One of them loads the library itself.
        let program =
            if name == "unload" { program.arg(home.lib().join("libgettickets.so.1")) } else { program };
        program.run()?;
    }
    Ok(())
}

/// Runs the histories of the scan's tests with a program in C.
fn histories(home: &Home) -> Result {
    let source = tests().join("histories").join("histories.c");
    let binary = Build::new("histories", vec![source])
        .flags("-fsanitize=address,undefined -fno-sanitize-recover=all")
        .run(home, &Compiler::C_GCC)?;
    cargo("test --workspace --locked --quiet --test scan -- --ignored --nocapture http::scans_of_another_program")
        .env("SCAN_PROGRAM", binary)
        .env("LD_LIBRARY_PATH", home.lib())
        .run()
}

/// Links the archive into a program with another Rust library, which also contains Rust's standard library.
fn beside_another(home: &Home) -> Result {
    let folder = tests().join("beside");
    let archive = home.out.join("libother.a");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    program(rustc, "--edition 2024 --crate-type staticlib --crate-name other -o")
        .arg(&archive)
        .arg(folder.join("other.rs"))
        .run()?;
    // The program, then the other archive, then ours, so that the symbols of the first are defined when the second is
    // linked.
    let binary = Build::new("beside", vec![folder.join("main.c"), archive])
        .link(Link::Static)
        .run(home, &Compiler::C_GCC)?;
    home.program(binary, "").without_env("LD_LIBRARY_PATH").run()
}

/// Loads the library and an earlier release of it into one process, in both orders.
fn two_releases(home: &Home) -> Result {
    let folder = tests().join("versions");
    let shared = |source: &str, out: &Path, flags: &str| {
        home.program("gcc", "-std=c11 -shared -fPIC -Wall -Wextra -Werror")
            .arg(folder.join(source))
            .arg("-o")
            .arg(out)
            .arg("-L")
            .arg(&home.out)
            .args(flags)
            .run()
    };
    let earlier = home.out.join("libgettickets-earlier.so");
    shared("earlier.c", &earlier, "-Wl,--default-symver -Wl,-soname,libgettickets-earlier.so")?;
    let plugin = home.out.join("libplugin.so");
    shared("plugin.c", &plugin, "-lgettickets-earlier")?;
    let binary = Build::new("versions", vec![folder.join("main.c"), plugin])
        // Where the linker finds the library that the plugin needs.
        .flags(&format!("-Wl,-rpath-link,{}", home.out.display()))
        .run(home, &Compiler::C_GCC)?;
    let path = format!("{}:{}", home.lib().display(), home.out.display());
    let program = || home.program(&binary, "").env("LD_LIBRARY_PATH", &path);
    program().run()?;
    program().env("LD_PRELOAD", &earlier).run()
}

/// Checks that programs with a dangling view are refused by the compiler, with exceptions and without, and that the
/// correct program is not.
fn refused(home: &Home) -> Result {
    let source = tests().join("cpp").join("refused.cpp");
    for (mode, cases) in [("", 14), ("-fno-exceptions -DGETTICKETS_NO_EXCEPTIONS", 19)] {
        let compile = |case: u32| {
            home.program("g++", "-std=c++17 -fsyntax-only -Wall -Wextra -Werror")
                .args(mode)
                .arg(format!("-DCASE={case}"))
                .arg("-I")
                .arg(home.prefix.join("include"))
                .arg(&source)
                .run_quietly()
        };
        compile(0)?;
        for case in 1..=cases {
            match compile(case) {
                Err(said) if said.contains("use of deleted function") => {}
                Err(said) => return Err(format!("case {case} is refused for another reason:\n{said}")),
                Ok(()) => return Err(format!("case {case} of refused.cpp {mode} compiles")),
            }
        }
        match compile(cases + 1) {
            Err(said) if said.contains("there are no more cases") => {}
            _ => return Err(format!("refused.cpp {mode} has more than {cases} cases")),
        }
    }
    Ok(())
}

/// Runs the tests of the C++ wrapper with both compilers, in both standards, with exceptions and without.
fn wrapper(home: &Home) -> Result {
    let file = |name: &str| vec![tests().join("cpp").join(name)];
    let compilers = [Compiler::CPP17_GCC, Compiler::CPP20_GCC, Compiler::CPP17_CLANG, Compiler::CPP20_CLANG];
    for compiler in &compilers {
        let throwing = Build::new("wrapper", file("wrapper.cpp")).run(home, compiler)?;
        home.program(throwing, "").run()?;
        let expecting =
            Build::new("expected", file("expected.cpp")).flags("-fno-exceptions").run(home, compiler)?;
        home.program(expecting, "").run()?;
    }
    let modes = vec![tests().join("cpp").join("modes.cpp"), tests().join("cpp").join("modes_throwing.cpp")];
    let both = Build::new("modes", modes).run(home, &Compiler::CPP17_GCC)?;
    home.program(both, "").run()?;
    for name in ["wrapper", "exit"] {
        let sanitized = Build::new(format!("{name}-sanitized"), file(&format!("{name}.cpp")))
            .flags("-fsanitize=address,undefined -fno-sanitize-recover=all")
            .run(home, &Compiler::CPP17_GCC)?;
        home.program(sanitized, "").run()?;
    }
    Ok(())
}

/// Checks that another Arrow library reads the streams.
fn arrow(home: &Home) -> Result {
    let python = tools::python_with("c-python", &["pyarrow==26.0.1"])?;
    let reply = root().join("tests").join("vectors").join("8.0").join("documented-example.json");
    home.program(python, "")
        .arg(tests().join("arrow_consumer.py"))
        .arg(home.lib().join("libgettickets.so"))
        .arg(reply)
        .run()
}
