//! A paper: its name, where to read it, and its claims.

use crate::claim::Claim;

/// A paper and its claims.
#[derive(Clone)]
pub struct Paper {
    /// `area/module`.
    pub id: &'static str,
    /// The paper's title.
    pub title: &'static str,
    /// The arXiv id, where there is one.
    pub arxiv: Option<&'static str>,
    /// The paper's line in the list that the project started from.
    pub seed_line: Option<u32>,
    /// The headline claim first.
    pub claims: Vec<Claim>,
}

impl Paper {
    /// A paper without claims. `id` is `area/module`.
    pub fn new(id: &'static str, title: &'static str) -> Self {
        Self { id, title, arxiv: None, seed_line: None, claims: Vec::new() }
    }

    /// The arXiv id.
    pub fn arxiv(mut self, id: &'static str) -> Self {
        self.arxiv = Some(id);
        self
    }

    /// The paper's line in the list that the project started from.
    pub fn seed_line(mut self, line: u32) -> Self {
        self.seed_line = Some(line);
        self
    }

    /// Adds a claim; the headline claim comes first.
    pub fn claim(mut self, claim: Claim) -> Self {
        self.claims.push(claim);
        self
    }

    /// The part of the id before the slash.
    pub fn area(&self) -> &'static str {
        self.id.split('/').next().unwrap_or(self.id)
    }

    /// The part of the id after the slash.
    pub fn module(&self) -> &'static str {
        self.id.rsplit('/').next().unwrap_or(self.id)
    }
}
