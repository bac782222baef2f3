//! Formulas become MathML while the book is built, so that the pages need no script for them.

use std::ops::Range;

use anyhow::{Result, anyhow};
use mdbook_preprocessor::book::{Book, BookItem};
use mdbook_preprocessor::{Preprocessor, PreprocessorContext};
use pulldown_cmark::{Event, Options, Parser};
use ratebook_bounds::report::math;

/// The preprocessor.
pub struct Maths;

impl Preprocessor for Maths {
    fn name(&self) -> &str {
        "maths"
    }

    fn run(&self, _: &PreprocessorContext, mut book: Book) -> Result<Book> {
        let mut first = Ok(());
        book.for_each_mut(|item| {
            if let BookItem::Chapter(chapter) = item {
                let place = chapter.source_path.clone().unwrap_or_default();
                match render(&chapter.content) {
                    Ok(content) => chapter.content = content,
                    Err(error) if first.is_ok() => first = Err(anyhow!("{}: {error}", place.display())),
                    Err(_) => {}
                }
            }
        });
        first.map(|()| book)
    }
}

/// Markdown with the formulas between dollar signs replaced by MathML.
///
/// # Errors
/// The first formula that is not understood.
pub fn render(markdown: &str) -> Result<String, String> {
    let options = Options::ENABLE_MATH | Options::ENABLE_TABLES;
    let mut edits = Vec::new();
    for (event, range) in Parser::new_ext(markdown, options).into_offset_iter() {
        let (latex, display) = match event {
            Event::InlineMath(latex) => (latex, false),
            Event::DisplayMath(latex) => (latex, true),
            _ => continue,
        };
        let latex = latex.replace("\\|", "|").replace('\n', " ");
        edits.push((range, protect(&math::formula(&latex, display)?)));
    }
    Ok(apply(markdown, edits))
}

/// MathML whose text Markdown leaves alone: punctuation becomes character references.
fn protect(mathml: &str) -> String {
    let mut out = String::new();
    let (mut in_tag, mut in_reference) = (false, false);
    for c in mathml.chars() {
        match c {
            '<' => in_tag = true,
            '>' => in_tag = false,
            '&' => in_reference = true,
            ';' if in_reference => in_reference = false,
            c if c.is_ascii_punctuation() && !in_tag && !in_reference => {
                out += &format!("&#{};", u32::from(c));
                continue;
            }
            _ => {}
        }
        out.push(c);
    }
    out
}

/// The text with ranges replaced; they must not overlap.
pub fn apply(text: &str, mut edits: Vec<(Range<usize>, String)>) -> String {
    edits.sort_by_key(|(range, _)| range.start);
    let mut out = String::new();
    let mut from = 0;
    for (range, replacement) in edits {
        out += &text[from..range.start];
        out += &replacement;
        from = range.end;
    }
    out + &text[from..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_only() {
        let text = render("costs $x_1 \\le y^\\*$, `$HOME` and\n\n```sh\necho $a $b\n```\n").unwrap();
        assert!(text.starts_with("costs <math><msub><mi>x</mi><mn>1</mn></msub><mo>≤</mo>"), "{text}");
        assert!(text.contains("`$HOME`") && text.contains("echo $a $b"), "{text}");
        assert!(render("a $\\wrong{}$ one").unwrap_err().contains("wrong"));
        assert_eq!(render("from 2 to 3 $").unwrap(), "from 2 to 3 $");
    }

    #[test]
    fn markdown_leaves_mathml_alone() {
        let protected = protect("<mo lspace=\"0\">*</mo><mo>&lt;</mo><mo>|</mo>");
        assert_eq!(protected, "<mo lspace=\"0\">&#42;</mo><mo>&lt;</mo><mo>&#124;</mo>");
    }
}
