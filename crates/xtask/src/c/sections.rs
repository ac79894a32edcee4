//! Rearranges the header that cbindgen writes: sections with banners, merged `#if` blocks, one-line comments.
//!
//! cbindgen groups declarations by kind: all types, then all constants, then all functions. A manual needs them grouped
//! by topic. Each declaration is assigned to a section by its name; inside a section the order of cbindgen is kept.

use crate::process::Result;

/// A section: its title, and prefixes of names without `gettickets_`. A declaration belongs to the section with the
/// longest prefix that matches whole words of its name.
struct Section {
    title: &'static str,
    prefixes: &'static [&'static str],
}

/// The sections in the order of the header. Types are declared before their first use.
const SECTIONS: &[Section] = &[
    Section {
        title: "Results and texts",
        prefixes: &["result", "ok", "end", "none", "pending", "error", "text", "string"],
    },
    Section {
        title: "Versions and fields",
        prefixes: &["version", "abi_version", "server_version", "field", "kind", "fields"],
    },
    Section { title: "Errors", prefixes: &["error_"] },
    Section { title: "Decoding", prefixes: &["decode", "release_function", "page"] },
    Section { title: "Pages", prefixes: &["page_", "extra", "finding"] },
    Section { title: "Tickets", prefixes: &["ticket", "page_ticket", "time", "attachment", "value"] },
    Section { title: "Requests", prefixes: &["request", "credentials", "format"] },
    Section { title: "Client", prefixes: &["client", "cancel"] },
    Section {
        title: "Scan",
        prefixes: &["scan", "client_scan", "report", "unreadable_ticket", "progress_function"],
    },
    Section { title: "Logging", prefixes: &["log", "set_log_function"] },
    Section { title: "Arrow", prefixes: &["page_arrow_stream", "scan_arrow_stream"] },
    Section { title: "Sandbox", prefixes: &["sandbox"] },
];

/// One declaration with its comment.
struct Item {
    name: String,
    text: String,
    condition: Option<String>,
}

/// Rearranges the declarations of a header.
pub(super) fn arrange(header: &str) -> Result<String> {
    let (preamble, body) = split_at_first_item(header)?;
    let (body, footer) = body.rsplit_once("#ifdef __cplusplus\n").ok_or("the header has no C++ footer")?;
    let items = items(&body.replace("#ifdef __cplusplus\nextern \"C\" {\n#endif /* __cplusplus */\n", ""))?;
    let mut sections: Vec<Vec<Item>> = SECTIONS.iter().map(|_| Vec::new()).collect();
    for item in items {
        let index = section_of(&item.name).ok_or_else(|| format!("{} belongs to no section", item.name))?;
        sections.get_mut(index).ok_or("no such section")?.push(item);
    }
    let mut out = preamble.trim_end().to_owned();
    out.push_str("\n\n#ifdef __cplusplus\nextern \"C\" {\n#endif /* __cplusplus */\n");
    let mut condition: Option<String> = None;
    for (section, items) in SECTIONS.iter().zip(&sections) {
        let (mut has_banner, mut previous) = (false, None);
        // Constants and types first: functions use them.
        let (functions, others): (Vec<&Item>, Vec<&Item>) = items.iter().partition(|item| is_function(item));
        for item in others.into_iter().chain(functions) {
            if item.condition != condition || !has_banner {
                close(&mut out, &mut condition);
            }
            if !has_banner {
                let rule = "=".repeat(110 - 8 - section.title.len());
                out.push_str(&format!("\n/* ==== {} {rule} */\n", section.title));
                has_banner = true;
            }
            if condition.is_none()
                && let Some(wanted) = &item.condition
            {
                out.push_str(&format!("\n{wanted}\n"));
                condition = Some(wanted.clone());
            }
            // Constants of one family follow each other without blank lines.
            let family =
                item.text.starts_with("#define").then(|| item.name.split('_').nth(1).unwrap_or_default());
            let is_same = family.is_some()
                && previous.is_some_and(|previous| {
                    Some(previous) == family || !["FIELD", "KIND"].contains(&family.unwrap_or_default())
                });
            out.push_str(if is_same { "" } else { "\n" });
            previous = family;
            out.push_str(&item.text);
            out.push('\n');
        }
    }
    close(&mut out, &mut condition);
    out.push_str(&format!("\n#ifdef __cplusplus\n{footer}"));
    Ok(out)
}

fn close(out: &mut String, condition: &mut Option<String>) {
    if condition.take().is_some() {
        out.push_str("\n#endif\n");
    }
}

fn is_function(item: &Item) -> bool {
    !item.text.contains("typedef") && !item.text.contains("#define") && item.text.trim_end().ends_with(");")
}

/// The index of the section with the longest matching prefix.
fn section_of(name: &str) -> Option<usize> {
    let short = name.to_ascii_lowercase();
    let short = short.strip_prefix("gettickets_")?;
    let matches = |prefix: &&&str| {
        short
            .strip_prefix(**prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('_') || prefix.ends_with('_'))
    };
    let error_code = name.starts_with("GETTICKETS_ERROR_");
    let best = SECTIONS.iter().enumerate().filter_map(|(index, section)| {
        Some((section.prefixes.iter().filter(matches).map(|prefix| prefix.len()).max()?, index))
    });
    if error_code {
        Some(0)
    } else {
        best.max_by_key(|(len, index)| (*len, std::cmp::Reverse(*index))).map(|(_, index)| index)
    }
}

/// Splits a header before its first documented declaration after the hand-written macros.
fn split_at_first_item(header: &str) -> Result<(&str, &str)> {
    const LAST: &str = "struct ArrowArrayStream;\n";
    let at = header.find(LAST).ok_or("the header does not declare ArrowArrayStream")? + LAST.len();
    Ok(header.split_at(at))
}

/// Splits a header into its declarations.
fn items(body: &str) -> Result<Vec<Item>> {
    let mut items = Vec::new();
    let (mut text, mut condition, mut depth) = (String::new(), None, 0_usize);
    let mut in_comment = false;
    for line in body.lines() {
        if in_comment || line.trim_start().starts_with("/**") {
            in_comment = !line.trim_end().ends_with("*/");
            text.push_str(line);
            text.push('\n');
            continue;
        }
        if text.is_empty() && line.trim().is_empty() {
            continue;
        }
        if line.starts_with("#if") {
            condition = Some(line.replace("#if (", "#if ").trim_end_matches(')').to_owned());
            condition = condition.map(|line| {
                if line.matches('(').count() > line.matches(')').count() { line + ")" } else { line }
            });
            continue;
        }
        if line.starts_with("#endif") {
            condition = None;
            continue;
        }
        text.push_str(line);
        text.push('\n');
        depth += line.matches('{').count();
        depth -= line.matches('}').count().min(depth);
        if depth == 0 && (line.starts_with("#define") || line.trim_end().ends_with(';')) {
            let whole = one_line_comments(&plain_names(text.trim_end()));
            let name = name_of(&whole).ok_or_else(|| format!("a declaration without a name:\n{whole}"))?;
            items.push(Item { name, text: whole, condition: condition.clone() });
            text.clear();
        }
    }
    if text.trim().is_empty() { Ok(items) } else { Err(format!("unfinished declaration:\n{text}")) }
}

/// The name that a declaration declares.
fn name_of(text: &str) -> Option<String> {
    let code: String = text.lines().filter(|line| !is_comment(line)).collect::<Vec<_>>().join("\n");
    if let Some(define) = code.strip_prefix("#define ") {
        return define.split_whitespace().next().map(str::to_owned);
    }
    let words = || {
        code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .filter(|word| word.starts_with("gettickets_"))
    };
    if !code.starts_with("typedef") {
        // A function: the name before its parameter list.
        let before = code.split('(').next()?;
        return before
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .rfind(|word| !word.is_empty())
            .map(str::to_owned);
    }
    if let Some((_, rest)) = code.split_once("(*") {
        return rest.split(')').next().map(str::to_owned);
    }
    words().next_back().map(str::to_owned)
}

fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("/*") || line.starts_with("* ") || line == "*" || line.starts_with("*/")
}

/// Uses the typedef names of structures, and writes declarations on one line if they fit.
fn plain_names(text: &str) -> String {
    let text = text
        .replace("struct gettickets_", "gettickets_")
        .replace("typedef gettickets_", "typedef struct gettickets_");
    // A typedef of a function or an integer has no structure.
    let text = match text.find("typedef struct ") {
        Some(at)
            if !text.contains('{')
                && text.get(at..).is_some_and(|rest| rest.split_whitespace().count() != 4) =>
        {
            text.replace("typedef struct ", "typedef ")
        }
        _ => text,
    };
    let code_start = text.rfind("*/\n").map_or(0, |at| at + 3);
    let (comment, code) = text.split_at(code_start);
    let joined = code.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_call = !code.contains('{') && code.contains('(') && !code.starts_with('#');
    if is_call && joined.len() <= WIDTH { format!("{comment}{joined}") } else { text }
}

/// The maximum line length of the header.
const WIDTH: usize = 112;

/// Writes comments of one line on one line: after a member or a constant if there is room, else before it.
fn one_line_comments(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut out: Vec<String> = Vec::new();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let comment = match (line.trim(), lines.get(at + 1), lines.get(at + 2)) {
            ("/**", Some(content), Some(end)) if end.trim() == "*/" => {
                Some(content.trim_start().trim_start_matches('*').trim())
            }
            _ => None,
        };
        let Some(content) = comment else {
            out.push((*line).to_owned());
            at += 1;
            continue;
        };
        at += 3;
        let indent = line.len() - line.trim_start().len();
        let next = lines.get(at).copied().unwrap_or_default();
        let can_precede = indent > 0 || next.starts_with("#define");
        if can_precede && next.len() + content.chars().count() + 10 <= WIDTH {
            out.push(format!("{next} /**< {content} */"));
            at += 1;
        } else {
            out.push(format!("{}/** {content} */", " ".repeat(indent)));
        }
    }
    out.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_are_grouped_by_section_and_condition() {
        let header = "/* rules */\nstruct ArrowArrayStream;\n\n#if defined(A)\n/**\n * A client.\n */\ntypedef struct gettickets_client gettickets_client;\n#endif\n\n/**\n * Fine.\n */\n#define GETTICKETS_OK 0\n\n#ifdef __cplusplus\nextern \"C\" {\n#endif /* __cplusplus */\n\n#if defined(A)\n/**\n * Frees it.\n */\nvoid gettickets_client_free(gettickets_client *client);\n#endif\n\n#ifdef __cplusplus\n} /* extern \"C\" */\n#endif /* __cplusplus */\n";
        let arranged = arrange(header).unwrap();
        let wanted = "\n#define GETTICKETS_OK 0 /**< Fine. */\n";
        assert!(arranged.contains(wanted), "{arranged}");
        let client = "\n#if defined(A)\n\n/** A client. */\ntypedef struct gettickets_client gettickets_client;\n\n/** Frees it. */\nvoid gettickets_client_free(gettickets_client *client);\n\n#endif\n";
        assert!(arranged.contains(client), "{arranged}");
        assert!(arranged.find("Results and texts") < arranged.find("==== Client"));
    }

    #[test]
    fn the_longest_prefix_decides() {
        let title = |name: &str| SECTIONS.get(section_of(name).unwrap()).unwrap().title;
        assert_eq!(title("gettickets_page_ticket"), "Tickets");
        assert_eq!(title("gettickets_page_len"), "Pages");
        assert_eq!(title("gettickets_client_scan"), "Scan");
        assert_eq!(title("gettickets_error"), "Results and texts");
        assert_eq!(title("gettickets_error_code"), "Errors");
        assert_eq!(title("GETTICKETS_ERROR_NULL"), "Results and texts");
        assert!(section_of("gettickets_nonsense").is_none());
    }
}
