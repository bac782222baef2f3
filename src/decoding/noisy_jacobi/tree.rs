//! Candidates in a tree, verified by one call.

use rand::Rng;

use super::{ParallelDecoder, random_token};
use crate::decoding::LanguageModel;
use crate::{Error, Result};

/// The shape of a candidate tree: every node is the list of ranks on its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    paths: Vec<Vec<usize>>,
}

impl Template {
    /// A template of these paths, `[0]` the most probable first token, `[0, 1]` the second most probable
    /// after it.
    ///
    /// # Errors
    /// If a path is empty, repeated, or does not come after the path that it continues.
    pub fn new(paths: &[Vec<usize>]) -> Result<Self> {
        for (at, path) in paths.iter().enumerate() {
            let continues = |path: &[usize]| path.is_empty() || paths[..at].iter().any(|p| p == path);
            if path.is_empty() || continues(path) || !continues(&path[..path.len() - 1]) {
                let requirement = "every path must be new, not empty, and come after the one it continues";
                return Err(Error::Invalid { name: "template", requirement });
            }
        }
        Ok(Self { paths: paths.to_vec() })
    }

    /// The most probable token at each of `depth` positions, one path.
    pub fn linear(depth: usize) -> Self {
        Self { paths: (1..=depth).map(|length| vec![0; length]).collect() }
    }

    /// A tree of depth 5: the linear path, then less probable tokens, the fewer the deeper.
    pub fn sparse() -> Self {
        let mut paths = Self::linear(5).paths;
        let branches: [&[usize]; 12] = [
            &[1],
            &[2],
            &[3],
            &[0, 1],
            &[0, 2],
            &[1, 0],
            &[1, 1],
            &[2, 0],
            &[0, 0, 1],
            &[0, 1, 0],
            &[1, 0, 0],
            &[0, 0, 0, 1],
        ];
        paths.extend(branches.map(<[usize]>::to_vec));
        Self { paths }
    }

    fn depth(&self) -> usize {
        self.paths.iter().map(Vec::len).max().unwrap_or(0)
    }

    fn width(&self) -> usize {
        self.paths.iter().flatten().max().map_or(0, |rank| rank + 1)
    }
}

/// Candidate tokens behind a text. Node 0 is the text itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    tokens: Vec<usize>,
    parents: Vec<usize>,
}

impl Default for Tree {
    fn default() -> Self {
        Self { tokens: vec![0], parents: vec![0] }
    }
}

/// What one call says about a tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified {
    /// The nodes of the deepest run of matches, without node 0.
    pub accepted: Vec<usize>,
    /// The model's laws behind every node.
    pub laws: Vec<Vec<f64>>,
}

impl Tree {
    /// Adds a token behind a node; returns the new node. A node that does not exist counts as the text.
    pub fn push(&mut self, parent: usize, token: usize) -> usize {
        self.parents.push(if parent < self.tokens.len() { parent } else { 0 });
        self.tokens.push(token);
        self.tokens.len() - 1
    }

    /// Adds tokens one behind the other.
    pub fn push_path(&mut self, tokens: &[usize]) {
        tokens.iter().fold(0, |parent, &token| self.push(parent, token));
    }

    /// The number of nodes, the text included; at least one.
    pub fn size(&self) -> usize {
        self.tokens.len()
    }

    /// The token at a node.
    pub fn token(&self, node: usize) -> usize {
        self.tokens[node]
    }

    /// A row of the tree mask: the node's ancestors and itself, without the text, from the text on.
    pub fn ancestors(&self, mut node: usize, row: &mut Vec<usize>) {
        row.clear();
        while node > 0 {
            row.push(node);
            node = self.parents[node];
        }
        row.reverse();
    }

    /// One call with the tree mask; see [`Tree::verify_with`].
    pub fn verify(&self, model: &dyn LanguageModel, tokens: &[usize]) -> Verified {
        self.verify_with(model, tokens, |tree, node, row| tree.ancestors(node, row))
    }

    /// One call in which a node sees the text and the nodes that `mask` writes. A node is accepted if its
    /// parent is and its token is the greedy one there.
    pub fn verify_with(
        &self,
        model: &dyn LanguageModel,
        tokens: &[usize],
        mask: impl Fn(&Tree, usize, &mut Vec<usize>),
    ) -> Verified {
        let (mut context, mut row) = (tokens.to_vec(), Vec::new());
        let (mut laws, mut depths): (Vec<Vec<f64>>, Vec<Option<usize>>) = (Vec::new(), vec![Some(0)]);
        let mut best = 0;
        for node in 0..self.size() {
            mask(self, node, &mut row);
            context.truncate(tokens.len());
            context.extend(row.iter().map(|&seen| self.tokens[seen]));
            let mut law = vec![0.0; model.vocabulary()];
            model.next(&context, &mut law);
            laws.push(law);
            if node > 0 {
                let parent = self.parents[node];
                let greedy = super::argmax(&laws[parent]) == self.tokens[node];
                depths.push(depths[parent].filter(|_| greedy).map(|depth| depth + 1));
                if depths[node] > depths[best] {
                    best = node;
                }
            }
        }
        let mut accepted = Vec::new();
        self.ancestors(best, &mut accepted);
        Verified { accepted, laws }
    }
}

/// The `count` tokens after the best match of the last `ngram` tokens in the text: the most equal tokens
/// counted from the end, the first of equals. Nothing if the text is too short.
pub fn retrieve(tokens: &[usize], ngram: usize, count: usize) -> &[usize] {
    let Some(last) = tokens.len().checked_sub(ngram).filter(|&last| last > 0 && ngram > 0) else {
        return &[];
    };
    let pattern = &tokens[last..];
    let equal = |at: usize| {
        let pairs = pattern.iter().rev().zip(tokens[at..at + ngram].iter().rev());
        pairs.take_while(|(a, b)| a == b).count()
    };
    let best = (1..last).fold(0, |best, at| if equal(at) > equal(best) { at } else { best });
    &tokens[best + ngram..(best + ngram + count).min(tokens.len())]
}

/// Tree Jacobi decoding with retrieval.
#[derive(Debug, Clone)]
pub struct TreeJacobi {
    template: Template,
    retrieves: bool,
    /// For each depth the most probable tokens of the last call.
    ranked: Vec<Vec<usize>>,
}

impl TreeJacobi {
    /// Decoding with this template, and with a retrieved path if `retrieves`.
    pub fn new(template: Template, retrieves: bool) -> Self {
        Self { template, retrieves, ranked: Vec::new() }
    }

    /// The tree for the next call; where candidates lack, random tokens of the text.
    pub fn tree(&mut self, tokens: &[usize], rng: &mut dyn Rng) -> Tree {
        let (depth, width) = (self.template.depth(), self.template.width());
        self.ranked.resize(depth, Vec::new());
        for ranked in &mut self.ranked {
            while ranked.len() < width {
                ranked.push(random_token(tokens, rng));
            }
        }
        let mut tree = Tree::default();
        for path in &self.template.paths {
            let (rank, before) = (path[path.len() - 1], &path[..path.len() - 1]);
            let parent = self.template.paths.iter().position(|p| p == before).map_or(0, |at| at + 1);
            tree.push(parent, self.ranked[before.len()][rank]);
        }
        if self.retrieves {
            tree.push_path(retrieve(tokens, 3, 5));
        }
        tree
    }
}

impl ParallelDecoder for TreeJacobi {
    fn step(&mut self, model: &dyn LanguageModel, tokens: &mut Vec<usize>, rng: &mut dyn Rng) {
        let tree = self.tree(tokens, rng);
        let Verified { accepted, laws } = tree.verify(model, tokens);
        let last = accepted.last().copied().unwrap_or(0);
        tokens.extend(accepted.iter().map(|&node| tree.tokens[node]));
        tokens.push(super::argmax(&laws[last]));
        // The nodes behind the last match, along the first path through it, predict the tokens after.
        self.ranked.clear();
        let mut node = last;
        while let Some(child) = (node + 1..tree.size()).find(|&child| tree.parents[child] == node) {
            let mut order: Vec<usize> = (0..laws[child].len()).collect();
            order.sort_by(|&a, &b| laws[child][b].total_cmp(&laws[child][a]));
            order.truncate(self.template.width());
            self.ranked.push(order);
            node = child;
        }
    }
}
