//! Changes a file so that one build contains all its mutants.
//!
//! The body of a function with mutants becomes a `match` with an arm for each mutant and one for the original. The arm is
//! selected when the function is called, by a function that [`SELECTOR`] adds to the crate.

use std::collections::BTreeMap;
use std::ops::Range;

use syn::visit::{self, Visit};

use crate::list::{Mutant, Position};

/// Selects the mutant whose number is in `GETTICKETS_MUTANT`. The numbers of the functions that are called are written to
/// the file named by `GETTICKETS_MUTANTS_REACHED`, each once.
pub(crate) const SELECTOR: &str = r#"
#[allow(warnings)]
pub(crate) fn __mutant(function: usize) -> usize {
    use std::io::Write;
    use std::sync::{LazyLock, Mutex};
    static SELECTED: LazyLock<usize> = LazyLock::new(|| {
        std::env::var("GETTICKETS_MUTANT").ok().and_then(|number| number.parse().ok()).unwrap_or(usize::MAX)
    });
    static REACHED: LazyLock<Option<Mutex<(std::collections::HashSet<usize>, std::fs::File)>>> = LazyLock::new(|| {
        let path = std::env::var_os("GETTICKETS_MUTANTS_REACHED")?;
        let file = std::fs::OpenOptions::new().append(true).create(true).open(path).ok()?;
        Some(Mutex::new((Default::default(), file)))
    });
    if let Some(reached) = &*REACHED {
        let (seen, file) = &mut *reached.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if seen.insert(function) {
            let _ = writeln!(file, "{function}");
        }
    }
    *SELECTED
}

/// The same in `const` functions, where the original is selected if the compiler evaluates the function.
#[allow(warnings)]
pub(crate) const fn __mutant_of_const(function: usize) -> usize {
    const fn original(_: usize) -> usize {
        usize::MAX
    }
    std::intrinsics::const_eval_select((function,), original, __mutant)
}
"#;

/// Attributes of the crate that [`SELECTOR`] needs. They precede the first line, so that the numbers of lines remain the
/// same.
pub(crate) const ATTRIBUTES: &str =
    "#![feature(core_intrinsics, const_eval_select)] #![allow(internal_features)] ";

/// The number of a mutant, the bytes that it replaces, and their replacement.
type Change<'m> = (usize, Range<usize>, &'m str);

/// A file with its mutants.
pub(crate) struct Instrumented {
    pub(crate) text: String,
    /// The number of each mutant, with the lines of its arm.
    pub(crate) arms: Vec<(usize, Range<usize>)>,
    /// The number of each mutant, with the number of its function.
    pub(crate) functions: Vec<(usize, usize)>,
    /// The numbers of the mutants in `const` functions.
    pub(crate) in_const: Vec<usize>,
}

/// Inserts these mutants, which are given with their numbers. The functions are numbered from `first_function`.
///
/// Mutants outside functions and in functions that return an `impl` type are left out: there, an arm cannot be selected
/// when the program runs.
///
/// # Errors
///
/// If the file is not Rust.
pub(crate) fn instrument(
    text: &str,
    mutants: &[(usize, &Mutant)],
    first_function: usize,
) -> Result<Instrumented, String> {
    let file = syn::parse_file(text).map_err(|error| error.to_string())?;
    let mut bodies = Bodies { text, found: Vec::new() };
    bodies.visit_file(&file);
    let mut of_body: BTreeMap<usize, Vec<Change<'_>>> = BTreeMap::new();
    for (number, mutant) in mutants {
        let place = mutant.span.start.offset(text).zip(mutant.span.end.offset(text));
        let Some((start, end)) = place else {
            return Err(format!("{} is not in the file", mutant.name));
        };
        let body = bodies.found.iter().position(|body| body.place.start <= start && end <= body.place.end);
        if let Some(body) = body {
            of_body.entry(body).or_default().push((*number, start..end, &mutant.replacement));
        }
    }
    let mut out =
        Instrumented { text: String::new(), arms: Vec::new(), functions: Vec::new(), in_const: Vec::new() };
    let mut from = 0;
    for (index, (body, mutants)) in of_body.into_iter().enumerate() {
        let function = first_function + index;
        let Body { place: body, is_const } = bodies.found[body].clone();
        let selector = if is_const { "__mutant_of_const" } else { "__mutant" };
        out.text.push_str(&text[from..body.start]);
        out.text.push_str(&format!("match crate::{selector}({function}) {{\n"));
        for (number, span, replacement) in mutants {
            out.functions.push((number, function));
            out.in_const.extend(is_const.then_some(number));
            let first = lines(&out.text);
            let (before, after) = (&text[body.start..span.start], &text[span.end..body.end]);
            out.text.push_str(&format!("{number} => {{{before} {replacement} {after}\n}}\n"));
            out.arms.push((number, first..lines(&out.text)));
        }
        out.text.push_str(&format!("_ => {{{}\n}}\n}}", &text[body.clone()]));
        from = body.end;
    }
    out.text.push_str(&text[from..]);
    // Arms that are inlined into arms that are inlined would multiply.
    out.text = out.text.replace("#[inline(always)]", "");
    Ok(out)
}

/// The number of the line at the end of this text, from 1.
fn lines(text: &str) -> usize {
    text.matches('\n').count() + 1
}

/// The bodies of the functions that can have arms. Functions within functions belong to the outer one.
struct Bodies<'t> {
    text: &'t str,
    found: Vec<Body>,
}

/// The body of a function.
#[derive(Clone)]
struct Body {
    /// Its bytes, without the braces.
    place: Range<usize>,
    /// Whether it is that of a `const` function.
    is_const: bool,
}

impl Bodies<'_> {
    fn add(&mut self, signature: &syn::Signature, block: &syn::Block) {
        if returns_impl(&signature.output) {
            return;
        }
        let place =
            |at: proc_macro2::LineColumn| Position { line: at.line, column: at.column + 1 }.offset(self.text);
        let braces = block.brace_token.span;
        let open = place(braces.open().end());
        let close = place(braces.close().start());
        let is_const = signature.constness.is_some();
        self.found.extend(open.zip(close).map(|(open, close)| Body { place: open..close, is_const }));
    }
}

impl<'ast> Visit<'ast> for Bodies<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.add(&item.sig, &item.block);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.add(&item.sig, &item.block);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.add(&item.sig, block);
        }
    }
}

fn returns_impl(output: &syn::ReturnType) -> bool {
    struct Impl(bool);
    impl<'ast> Visit<'ast> for Impl {
        fn visit_type_impl_trait(&mut self, _: &'ast syn::TypeImplTrait) {
            self.0 = true;
        }
    }
    let mut found = Impl(false);
    visit::visit_return_type(&mut found, output);
    found.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::list::Span;

    const TEXT: &str =
        "fn less(a: u8, b: u8) -> bool {\n    a < b\n}\nconst fn not(a: bool) -> bool { !a }\n";

    fn mutant(line: usize, columns: Range<usize>, replacement: &str) -> Mutant {
        let position = |column| Position { line, column };
        Mutant {
            name: replacement.to_owned(),
            package: String::new(),
            file: String::new(),
            span: Span { start: position(columns.start), end: position(columns.end) },
            replacement: replacement.to_owned(),
        }
    }

    #[test]
    fn each_mutant_has_an_arm_and_the_original_is_the_last() {
        let mutants = [mutant(2, 7..8, "=="), mutant(2, 5..10, "true"), mutant(4, 33..34, "")];
        let numbered: Vec<_> = mutants.iter().enumerate().collect();
        let instrumented = instrument(TEXT, &numbered, 5).unwrap();
        assert_eq!(
            instrumented.text,
            "fn less(a: u8, b: u8) -> bool {match crate::__mutant(5) {\n\
             0 => {\n    a  ==  b\n\n}\n\
             1 => {\n     true \n\n}\n\
             _ => {\n    a < b\n\n}\n}}\n\
             const fn not(a: bool) -> bool {match crate::__mutant_of_const(6) {\n\
             2 => {   a \n}\n\
             _ => { !a \n}\n}}\n"
        );
        assert_eq!(instrumented.arms, [(0, 2..6), (1, 6..10), (2, 16..18)]);
        assert_eq!(instrumented.functions, [(0, 5), (1, 5), (2, 6)]);
        assert_eq!(instrumented.in_const, [2]);
        assert!(syn::parse_file(&instrumented.text).is_ok());
        assert!(syn::parse_file(&format!("{ATTRIBUTES}{SELECTOR}")).is_ok());
    }

    #[test]
    fn a_file_that_is_not_the_listed_one_is_refused() {
        assert!(instrument(TEXT, &[(0, &mutant(99, 1..2, "x"))], 0).is_err());
        assert!(instrument("fn {", &[], 0).is_err());
    }
}
