//! Formulas as MathML, which browsers show without a script.

use math_core::{LatexToMathML, MathCoreConfig, MathDisplay};

/// The MathML of a LaTeX formula. `\*`, which is how Markdown writes an asterisk, is read as one.
///
/// # Errors
/// What the formula has that is not understood, with its place.
pub fn formula(latex: &str, display: bool) -> Result<String, String> {
    let converter = LatexToMathML::new(MathCoreConfig::default()).map_err(|e| format!("{e:?}"))?;
    let display = if display { MathDisplay::Block } else { MathDisplay::Inline };
    let converted = converter.convert_with_local_state(&latex.replace(r"\*", "*"), display);
    converted.map(|c| c.mathml).map_err(|e| format!("{latex}: {e:?}"))
}

/// HTML of a sentence with formulas between dollar signs.
///
/// # Errors
/// The first formula that is not understood.
pub fn sentence(text: &str) -> Result<String, String> {
    let mut html = String::new();
    for (index, part) in text.split('$').enumerate() {
        if index % 2 == 0 {
            html += &escape(part);
        } else {
            html += &formula(part, false)?;
        }
    }
    Ok(html)
}

/// Text with the characters replaced that mean something in HTML.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_renders() {
        for paper in crate::papers() {
            for claim in &paper.claims {
                for text in [&claim.statement, &claim.assumptions] {
                    sentence(text).unwrap_or_else(|e| panic!("{}/{}: {e}", paper.id, claim.id));
                    assert_eq!(text.matches('$').count() % 2, 0, "{}/{}: a lone $", paper.id, claim.id);
                }
            }
        }
    }

    #[test]
    fn formulas() {
        assert_eq!(formula("x^\\*", false).unwrap(), "<math><msup><mi>x</mi><mo>∗</mo></msup></math>");
        assert!(formula(r"\nosuchcommand", false).unwrap_err().contains("nosuchcommand"));
        assert_eq!(sentence("a < $b$").unwrap(), "a &lt; <math><mi>b</mi></math>");
    }
}
