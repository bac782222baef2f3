//! What a plot shows, whether it comes from a run or from a record.

use ratebook_judge::claim::Role;
use ratebook_judge::record::{RecordedClaim, RecordedSeries, significant};
use ratebook_judge::{Outcome, Tier, interval, quantile};

/// A claim's measured series beside its bound.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// `area/paper/claim`.
    pub id: String,
    /// The law's name.
    pub law: String,
    /// The sweep variable.
    pub axis: String,
    /// The error rate of each limit of a band.
    pub alpha: f64,
    /// The method first, then its companions.
    pub series: Vec<Series>,
    /// The recorded means of the method, where the record says something else than the run.
    pub recorded: Vec<(f64, f64)>,
}

/// One measured series.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Absent for the method.
    pub role: Option<Role>,
    /// `method`, or the companion's name.
    pub name: String,
    /// Its verdict in words, with the margin of a violation.
    pub verdict: String,
    /// What the bound is multiplied with: for rates, whose constant is free, the largest measured ÷ rate, or its
    /// geometric mean where the rate is exact; otherwise one.
    pub scale: f64,
    /// Its points from left to right.
    pub points: Vec<Point>,
}

/// One point of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// The position on the axis.
    pub x: f64,
    /// The band's lower limit.
    pub low: f64,
    /// What was measured.
    pub value: f64,
    /// The band's upper limit.
    pub high: f64,
    /// The bound, already multiplied with the series' scale.
    pub bound: f64,
}

/// The numbers of a point as outcomes and records have them.
struct Row {
    x: f64,
    count: usize,
    mean: f64,
    stderr: f64,
    bound: f64,
    ratio: Option<f64>,
}

impl Figure {
    /// The figure of a run, with its record where the two differ.
    pub fn of_outcome(outcome: &Outcome, record: Option<&RecordedClaim>) -> Self {
        let mut figure = Self::empty(&outcome.id, &outcome.law, &outcome.axis, outcome.settings.tier);
        for series in outcome.series() {
            let judged = &series.judgement;
            let rows = judged.points.iter().map(|p| Row {
                x: p.x,
                count: p.n,
                mean: p.mean,
                stderr: p.stderr,
                bound: p.bound,
                ratio: p.ratio,
            });
            figure.push(series.role, &series.name, judged.verdict.to_string(), rows);
        }
        if let Some(method) = record.and_then(|r| r.series.first()) {
            figure.compare(method);
        }
        figure
    }

    /// The figure of a record, which does not keep the name of the sweep variable as the claim spells it.
    pub fn of_record(record: &RecordedClaim, axis: &str) -> Self {
        let head = |key: &str| record.head.iter().find(|(k, _)| k == key).map_or("", |(_, value)| value);
        let tier = if head("tier").starts_with(Tier::Full.name()) { Tier::Full } else { Tier::Quick };
        let mut figure = Self::empty(&record.id, head("law"), axis, tier);
        for series in &record.series {
            let (role, name) = role(&series.name);
            let rows = series.points.iter().map(|p| Row {
                x: p.x,
                count: p.count,
                mean: p.mean,
                stderr: p.stderr,
                bound: p.bound,
                ratio: Some(p.ratio).filter(|r| r.is_finite()),
            });
            let verdict = series.verdict.split(',').next().unwrap_or_default();
            figure.push(role, name, verdict.into(), rows);
        }
        figure
    }

    fn empty(id: &str, law: &str, axis: &str, tier: Tier) -> Self {
        Self {
            id: id.into(),
            law: law.into(),
            axis: axis.into(),
            alpha: tier.alpha(),
            series: Vec::new(),
            recorded: Vec::new(),
        }
    }

    /// Whether only the slope is promised.
    pub fn is_rate(&self) -> bool {
        self.law.starts_with("rate")
    }

    /// Whether the sweep goes through cases, which no line may join.
    pub fn is_categorical(&self) -> bool {
        self.axis == "case"
    }

    /// What the vertical axis shows.
    pub fn quantity(&self) -> &'static str {
        match self.law.as_str() {
            "fails_at_most" => "failure frequency",
            "always" => "tightest case ÷ its limit",
            _ => "mean",
        }
    }

    /// What the bound is to the measurement.
    pub fn bound_name(&self) -> &'static str {
        match self.law.as_str() {
            "at_least" => "lower bound",
            "equals" => "prediction",
            "fails_at_most" => "allowed",
            "always" => "limit",
            _ if self.is_rate() => "rate",
            _ => "upper bound",
        }
    }

    /// The same in one word.
    pub fn bound_word(&self) -> &'static str {
        self.bound_name().split(' ').next_back().unwrap_or_default()
    }

    fn point(&self, row: &Row) -> Option<Point> {
        let Row { x, count, mean, stderr, bound, ratio } = *row;
        let (low, value, high, bound) = match self.law.as_str() {
            // Facts have no measurement: how close the closest case came to its limit is what there is to see.
            "always" => ratio.map(|r| (r, r, r, 1.0))?,
            // Exact limits: no failure among n is not a frequency of exactly zero.
            "fails_at_most" => {
                let failed = (mean * count as f64).round() as usize;
                let limits = interval::clopper_pearson(failed, count, self.alpha);
                (limits.low, mean, limits.high, bound)
            }
            _ => {
                let reach = quantile::normal_upper(self.alpha) * stderr;
                (mean - reach, mean, mean + reach, bound)
            }
        };
        [x, low, value, high, bound].iter().all(|v| v.is_finite()).then_some(Point {
            x,
            low,
            value,
            high,
            bound,
        })
    }

    fn push(&mut self, role: Option<Role>, name: &str, verdict: String, rows: impl Iterator<Item = Row>) {
        let mut points: Vec<Point> = rows.filter_map(|row| self.point(&row)).collect();
        points.sort_by(|a, b| a.x.total_cmp(&b.x));
        let mut scale = 1.0;
        if self.is_rate() {
            let logs: Vec<f64> =
                points.iter().map(|p| (p.value / p.bound).ln()).filter(|l| l.is_finite()).collect();
            if let Some(largest) = logs.iter().copied().reduce(f64::max) {
                let mean = logs.iter().sum::<f64>() / logs.len() as f64;
                scale = if self.law == "rate_exactly" { mean.exp() } else { largest.exp() };
            }
            points.iter_mut().for_each(|p| p.bound *= scale);
        }
        self.series.push(Series { role, name: name.into(), verdict, scale, points });
    }

    fn compare(&mut self, recorded: &RecordedSeries) {
        let mut of_record: Vec<(f64, f64)> = (recorded.points.iter())
            .map(|p| (p.x, if self.law == "always" { p.ratio } else { p.mean }))
            .filter(|(_, value)| value.is_finite())
            .collect();
        of_record.sort_by(|a, b| a.0.total_cmp(&b.0));
        let text = |(x, value): &(f64, f64)| (significant(*x), significant(*value));
        let of_run = self.series[0].points.iter().map(|p| (p.x, p.value));
        if !of_run.map(|p| text(&p)).eq(of_record.iter().map(text)) {
            self.recorded = of_record;
        }
    }

    /// Whether a companion's bound is the method's, up to the constant of a rate.
    pub fn shares_bound(&self, companion: &Series) -> bool {
        let Some(method) = self.series.first() else { return false };
        let bound_at = |x: f64| method.points.iter().find(|p| p.x == x).map(|p| p.bound / method.scale);
        companion
            .points
            .iter()
            .all(|p| bound_at(p.x).is_none_or(|b| (b - p.bound / companion.scale).abs() <= 1e-5 * b.abs()))
    }
}

/// The role and the name of a recorded series.
pub fn role(series: &str) -> (Option<Role>, &str) {
    match series.split_once(' ') {
        Some(("control", name)) => (Some(Role::Control), name),
        Some(("refutation", name)) => (Some(Role::Refutation), name),
        Some(("baseline", name)) => (Some(Role::Baseline), name),
        Some(("peer", name)) => (Some(Role::Peer), name),
        _ => (None, series),
    }
}

/// The word for a role.
pub fn role_name(role: Option<Role>) -> &'static str {
    match role {
        None => "method",
        Some(Role::Control) => "control",
        Some(Role::Refutation) => "printed form",
        Some(Role::Baseline) => "baseline",
        Some(Role::Peer) => "peer",
    }
}

/// The heads of a table of points after the sweep variable's: count, mean, standard error, bound, ratio.
pub fn heads(law: &str) -> [&'static str; 5] {
    match law {
        "always" => ["cases", "counter-examples", "stderr", "allowed", "tightest ÷ limit"],
        "fails_at_most" => ["replicates", "frequency", "stderr", "allowed", "measured ÷ bound"],
        _ => ["replicates", "mean", "stderr", "bound", "measured ÷ bound"],
    }
}
