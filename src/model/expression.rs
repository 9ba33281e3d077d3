//! Text in CEL, the Common Expression Language, within the limits of what a person reads, and what is wrong with it.

use std::fmt;

use cel::Program;

/// What is wrong with an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpressionError {
    /// Characters of the expression before the place at fault.
    pub offset: usize,
    /// What is wrong, and what would be right.
    pub reason: String,
}

impl fmt::Display for ExpressionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {} of the condition: {}", self.offset + 1, self.reason)
    }
}

impl std::error::Error for ExpressionError {}

/// No expression that a person reads is longer, in characters.
const LONGEST: usize = 2000;
/// Nor nests deeper; the parser works by recursion, on the stack.
const DEEPEST: usize = 40;

/// Reads CEL within the limits of what a person reads; `example` shows what would be right.
pub fn compile(text: &str, example: &str) -> Result<Program, ExpressionError> {
    let at = |offset, reason: &str| ExpressionError { offset, reason: reason.to_owned() };
    if text.trim().is_empty() {
        return Err(at(0, "is empty; a condition that begins with `!` must stand in quotes in YAML"));
    }
    if text.chars().count() > LONGEST {
        return Err(at(LONGEST, "is longer than 2000 characters"));
    }
    if let Some(offset) = too_deep(text) {
        return Err(at(offset, "nests deeper than 40 brackets or `!` and `-` signs"));
    }
    Program::compile(text).map_err(|errors| syntax(text, &errors, example))
}

/// Where brackets, or signs in a row, nest deeper than anybody writes.
fn too_deep(text: &str) -> Option<usize> {
    let (mut brackets, mut signs) = (0usize, 0usize);
    for (offset, letter) in text.chars().enumerate() {
        match letter {
            '(' | '[' | '{' => brackets += 1,
            ')' | ']' | '}' => brackets = brackets.saturating_sub(1),
            '!' | '-' => signs += 1,
            letter if letter.is_whitespace() => {}
            _ => signs = 0,
        }
        if brackets.max(signs) > DEEPEST {
            return Some(offset);
        }
    }
    None
}

/// The first error of the parser, in our words: its own lists every token that it knows.
fn syntax(text: &str, errors: &cel::ParseErrors, example: &str) -> ExpressionError {
    let (line, column) = errors.errors.first().map_or((1, 1), |first| first.pos);
    let before: usize =
        text.split_inclusive('\n').take(usize::try_from(line - 1).unwrap_or(0)).map(|line| line.chars().count()).sum();
    let offset = (before + usize::try_from(column - 1).unwrap_or(0)).min(text.chars().count());
    let rest: String = text.chars().skip(offset).collect();
    let found = rest.split_whitespace().next();
    let reason = match found {
        None => "ends too early: something is missing after the last word, perhaps a bracket or a quote".to_owned(),
        Some("and" | "or" | "not") => format!(
            "`{}` is written {}",
            found.unwrap_or_default(),
            match found {
                Some("and") => "`&&`",
                Some("or") => "`||`",
                _ => "`!`",
            }
        ),
        Some(found) if found.starts_with("=>") => "`=>` is written `>=`".to_owned(),
        Some(found) if found.starts_with("=<") => "`=<` is written `<=`".to_owned(),
        Some(found) if found.starts_with('=') && !found.starts_with("==") => "`=` is written `==`".to_owned(),
        Some(found) => {
            let quote = if text.matches('"').count() % 2 == 1 { "a quote is opened and not closed" } else { "" };
            let hint = if quote.is_empty() { format!("write, for example, {example}") } else { quote.to_owned() };
            format!("`{found}` cannot stand here; {hint}")
        }
    };
    ExpressionError { offset, reason }
}
