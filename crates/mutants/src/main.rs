//! Tests all mutants of a crate in one build.
//!
//! cargo-mutants builds the crate again for each mutant, which takes hours for thousands of them. This program compiles all
//! of them into one build, of which each run selects one, and runs only the tests that reach the mutated function.

#![allow(clippy::print_stdout, reason = "a program that people run in a terminal")]
#![allow(
    clippy::indexing_slicing,
    reason = "mutants, functions and programs are numbered by their place in a list"
)]

mod compile;
mod instrument;
mod list;
mod runs;
mod survivors;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use compile::{Built, Program};
use instrument::{ATTRIBUTES, SELECTOR};
use list::Mutant;
use runs::{Outcome, Trial};
use survivors::Survivors;

const USAGE: &str = "usage: gettickets-mutants LIST TREE PACKAGE RESULTS [--jobs N] [--limit SECONDS] [--budget SECONDS]
       [--only TEXT] [--names FILE]

LIST is the output of `cargo mutants --list --json`, TREE a copy of the workspace, which is changed, PACKAGE the package,
and RESULTS the folder for the lists of results. Tests that take longer than the limit (default: 20) are left out. The
tests of a mutant are those that have caught other mutants of its function or file, then the fastest ones, which
together take at most the budget (default: an hour). Only mutants are
tested whose name contains the text, or is a line of the file; then the results of the others are kept.";

/// More builds than this mean that the errors are not caused by mutants.
const MOST_BUILDS: usize = 30;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match Options::parse(&args).and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

struct Options {
    list: PathBuf,
    tree: PathBuf,
    package: String,
    results: PathBuf,
    jobs: usize,
    limit: Duration,
    budget: Duration,
    only: String,
    /// The names of the mutants to test, or nothing for all.
    names: Option<HashSet<String>>,
}

impl Options {
    fn parse(args: &[String]) -> Result<Options, String> {
        let [list, tree, package, results, rest @ ..] = args else { return Err(USAGE.to_owned()) };
        let mut options = Options {
            list: list.into(),
            tree: tree.into(),
            package: package.clone(),
            results: results.into(),
            jobs: 2,
            limit: Duration::from_secs(20),
            budget: Duration::from_secs(3600),
            only: String::new(),
            names: None,
        };
        let mut rest = rest.iter();
        while let Some(name) = rest.next() {
            let value = rest.next().ok_or_else(|| format!("{name} needs a value"))?;
            let number =
                || value.parse().ok().filter(|number| *number > 0).ok_or(format!("{name} needs a number"));
            match name.as_str() {
                "--jobs" => options.jobs = number()?,
                "--limit" => options.limit = Duration::from_secs(number()? as u64),
                "--budget" => options.budget = Duration::from_secs(number()? as u64),
                "--only" => options.only = value.clone(),
                "--names" => {
                    options.names = Some(read(Path::new(value))?.lines().map(str::to_owned).collect());
                }
                _ => return Err(USAGE.to_owned()),
            }
        }
        Ok(options)
    }
}

fn run(options: &Options) -> Result<(), String> {
    let list = read(&options.list)?;
    let mutants: Vec<Mutant> =
        serde_json::from_str(&list).map_err(|error| format!("{}: {error}", options.list.display()))?;
    // Before the files are changed.
    let survivors = Survivors::read(&options.tree, &options.package, &mutants)?;
    let wanted = |mutant: &Mutant| {
        mutant.package == options.package
            && mutant.name.contains(&options.only)
            && options.names.as_ref().is_none_or(|names| names.contains(&mutant.name))
    };
    let mutants: Vec<Mutant> = mutants.into_iter().filter(wanted).collect();
    let mut crate_of = Crate::read(&options.tree, &mutants)?;
    let (programs, unviable) = crate_of.build(&options.tree, &options.package)?;
    let scratch = options.tree.join("target");
    println!("running each test of {} programs by itself", programs.len());
    let tests = runs::measure(&programs, options.limit, options.jobs, &scratch)?;
    let mut tried: Vec<(usize, usize)> =
        crate_of.functions.iter().map(|(mutant, function)| (*mutant, *function)).collect();
    // In a random order, which is the same in each run: the results so far are those of a sample.
    tried.sort_by_key(|(mutant, _)| {
        BuildHasherDefault::<DefaultHasher>::default().hash_one(&mutants[*mutant].name)
    });
    create(&options.results)?;
    write_file(&options.results.join("tests.txt"), &runs::times(&tests))?;
    println!("{} tests; {} mutants", tests.len(), tried.len());
    let catches = Mutex::default();
    // Results of an earlier run of other mutants.
    let kept = options.names.as_ref().map(|names| kept(&options.results, names)).unwrap_or_default();
    let (outcomes, done, start) = (Mutex::new(BTreeMap::new()), AtomicUsize::new(0), Instant::now());
    runs::in_parallel(options.jobs, tried.len(), |at| {
        let (mutant, function) = tried[at];
        let trial = Trial { mutant, function, file: &mutants[mutant].file };
        let mut outcome = runs::try_mutant(&programs, &tests, options.budget, &trial, &catches);
        if outcome == Outcome::NotReached && crate_of.in_const.contains(&mutant) {
            outcome = Outcome::NotTried;
        }
        if !matches!(outcome, Outcome::Caught | Outcome::Timeout) {
            println!("{outcome:?}: {}", mutants[mutant].name);
        }
        let mut outcomes = outcomes.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        outcomes.insert(mutant, outcome);
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        if done.is_multiple_of(100) {
            // A run that is ended early leaves what it has found.
            if let Err(error) = write(&options.results, &mutants, &outcomes, &tried, &unviable, &kept) {
                println!("{error}");
            }
            println!("{done} of {} after {:.0} s", tried.len(), start.elapsed().as_secs_f64());
        }
    });
    let outcomes = outcomes.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    write(&options.results, &mutants, &outcomes, &tried, &unviable, &kept)?;
    explain(&options.results, &survivors)
}

/// Writes which missed mutants are not in the list of survivors, and prints entries of the list that can be deleted.
fn explain(results: &Path, survivors: &Survivors) -> Result<(), String> {
    let [missed, caught, timeout] =
        ["missed.txt", "caught.txt", "timeout.txt"].map(|file| results.join(file));
    let (missed, caught, timeout) = (read(&missed)?, read(&caught)?, read(&timeout)?);
    let unexplained = missed.lines().filter(|name| !survivors.has(name));
    write_file(&results.join(UNEXPLAINED), &unexplained.map(|name| format!("{name}\n")).collect::<String>())?;
    let detected = caught.lines().chain(timeout.lines()).collect();
    for mutant in survivors.superfluous(&detected, &missed.lines().collect()) {
        println!("listed as a survivor, but detected or gone: {mutant}");
    }
    Ok(())
}

/// Has those lines of `missed.txt` that are not in the list of survivors.
const UNEXPLAINED: &str = "unexplained.txt";

/// The files of results.
const FILES: [&str; 6] =
    ["caught.txt", "timeout.txt", "missed.txt", "unviable.txt", "waiting.txt", "not-tried.txt"];

/// The lines of each file of an earlier run, without those of these mutants.
fn kept(results: &Path, names: &HashSet<String>) -> BTreeMap<&'static str, String> {
    let lines = |file: &'static str| {
        let text = fs::read_to_string(results.join(file)).unwrap_or_default();
        let others = text.lines().filter(|name| !names.contains(*name));
        (file, others.map(|name| format!("{name}\n")).collect())
    };
    FILES.into_iter().map(lines).collect()
}

/// Writes a file for each result, with the names of its mutants.
fn write(
    results: &Path,
    mutants: &[Mutant],
    outcomes: &BTreeMap<usize, Outcome>,
    tried: &[(usize, usize)],
    unviable: &BTreeSet<usize>,
    kept: &BTreeMap<&'static str, String>,
) -> Result<(), String> {
    create(results)?;
    let waiting = tried.iter().map(|(mutant, _)| *mutant).filter(|mutant| !outcomes.contains_key(mutant));
    let waiting: BTreeSet<usize> = waiting.collect();
    let file_of = |number: usize| match outcomes.get(&number) {
        Some(Outcome::Caught) => "caught.txt",
        Some(Outcome::Timeout) => "timeout.txt",
        Some(Outcome::Missed | Outcome::NotReached) => "missed.txt",
        Some(Outcome::NotTried) => "not-tried.txt",
        None if unviable.contains(&number) => "unviable.txt",
        None if waiting.contains(&number) => "waiting.txt",
        None => "not-tried.txt",
    };
    for name in FILES {
        let numbers = (0..mutants.len()).filter(|number| file_of(*number) == name);
        let mut lines = kept.get(name).cloned().unwrap_or_default();
        lines.extend(numbers.map(|number| format!("{}\n", mutants[number].name)));
        let path = results.join(name);
        fs::write(&path, lines).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

/// The files of a crate, with their mutants.
struct Crate<'m> {
    /// The original text of each file, and the numbers of its mutants that are not known to break the build.
    files: BTreeMap<&'m str, (String, Vec<usize>)>,
    mutants: &'m [Mutant],
    arms: BTreeMap<&'m str, Vec<(usize, Range<usize>)>>,
    /// The function of each mutant.
    functions: BTreeMap<usize, usize>,
    /// Mutants in `const` functions.
    in_const: HashSet<usize>,
}

impl<'m> Crate<'m> {
    fn read(tree: &Path, mutants: &'m [Mutant]) -> Result<Crate<'m>, String> {
        let mut files: BTreeMap<&str, (String, Vec<usize>)> = BTreeMap::new();
        for (number, mutant) in mutants.iter().enumerate() {
            if !files.contains_key(mutant.file.as_str()) {
                files.insert(&mutant.file, (read(&tree.join(&mutant.file))?, Vec::new()));
            }
            if let Some((_, numbers)) = files.get_mut(mutant.file.as_str()) {
                numbers.push(number);
            }
        }
        if files.is_empty() {
            return Err("no mutant of this package is listed".to_owned());
        }
        Ok(Crate {
            files,
            mutants,
            arms: BTreeMap::new(),
            functions: BTreeMap::new(),
            in_const: HashSet::new(),
        })
    }

    /// Builds the tests, without the mutants that do not compile. Returns their programs, and those mutants.
    fn build(&mut self, tree: &Path, package: &str) -> Result<(Vec<Program>, BTreeSet<usize>), String> {
        let mut unviable = BTreeSet::new();
        let root = self.root(tree)?;
        let original = read(&root)?;
        let mut check = true;
        for _ in 0..MOST_BUILDS {
            self.write(tree)?;
            let text = read(&root).unwrap_or_else(|_| original.clone());
            if !text.ends_with(SELECTOR) {
                write_file(&root, &format!("{ATTRIBUTES}{text}{SELECTOR}"))?;
            }
            match compile::compile(tree, package, check)? {
                Built::Programs(_) if check => check = false,
                Built::Programs(programs) => return Ok((programs, unviable)),
                Built::Errors(places, shown) => {
                    let broken: BTreeSet<usize> =
                        places.iter().filter_map(|place| self.mutant_at(place)).collect();
                    if broken.is_empty() {
                        return Err(format!("{shown}\nthe build fails, and no mutant is the cause"));
                    }
                    println!("{} mutants do not compile", broken.len());
                    for (_, numbers) in self.files.values_mut() {
                        numbers.retain(|number| !broken.contains(number));
                    }
                    unviable.extend(broken);
                }
            }
        }
        Err(format!("the build failed {MOST_BUILDS} times"))
    }

    /// The root file of the library.
    fn root(&self, tree: &Path) -> Result<PathBuf, String> {
        let sources = self.files.keys().find_map(|file| file.find("/src/").map(|at| &file[..at]));
        sources
            .map(|folder| tree.join(folder).join("src").join("lib.rs"))
            .ok_or_else(|| "the package has no src folder".to_owned())
    }

    fn write(&mut self, tree: &Path) -> Result<(), String> {
        let mut function = 0;
        self.functions.clear();
        self.in_const.clear();
        for (file, (text, numbers)) in &self.files {
            let mutants: Vec<_> = numbers.iter().map(|number| (*number, &self.mutants[*number])).collect();
            let instrumented = instrument::instrument(text, &mutants, function)
                .map_err(|error| format!("{file}: {error}"))?;
            write_file(&tree.join(file), &instrumented.text)?;
            function =
                instrumented.functions.iter().map(|(_, function)| function + 1).max().unwrap_or(function);
            self.functions.extend(instrumented.functions);
            self.in_const.extend(instrumented.in_const);
            self.arms.insert(file, instrumented.arms);
        }
        Ok(())
    }

    /// The mutant whose arm has this line.
    fn mutant_at(&self, (file, line): &(String, usize)) -> Option<usize> {
        let arms = self.arms.get(file.as_str())?;
        arms.iter().find(|(_, lines)| lines.contains(line)).map(|(number, _)| *number)
    }
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn write_file(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

fn create(folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))
}
