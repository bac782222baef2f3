//! The bounds, as functions of numbers.

/// (1 − α^(K+1))/(1 − α): the tokens that a round of K drafts emits on average with constant acceptance α < 1.
pub fn tokens_per_round(alpha: f64, length: f64) -> f64 {
    (1.0 - alpha.powf(length + 1.0)) / (1.0 - alpha)
}

/// (1 + t_d·K)/[`tokens_per_round`]: the cost per token of drafting K tokens in every round, in calls to the
/// target. The same for independent acceptance probabilities of mean α.
pub fn fixed_length_cost(alpha: f64, length: f64, draft_cost: f64) -> f64 {
    (1.0 + draft_cost * length) / tokens_per_round(alpha, length)
}

/// The least [`fixed_length_cost`] over K = 0, …, `longest`.
pub fn best_fixed_length_cost(alpha: f64, longest: u32, draft_cost: f64) -> f64 {
    (0..=longest).map(|k| fixed_length_cost(alpha, f64::from(k), draft_cost)).fold(f64::INFINITY, f64::min)
}

/// 1 − t_d/(ρ m): the probability of a rejection above which a policy of cost ρ per token should stop drafting
/// tokens of mean acceptance m.
///
/// Derived: one more draft costs t_d and emits Q·m more tokens, each worth ρ, Q = 1 − P(rejection) so far. Q
/// never increases, so that once stopping is best now it is best ever after: looking one step ahead is optimal.
pub fn stopping_threshold(cost_per_token: f64, mean: f64, draft_cost: f64) -> f64 {
    1.0 - draft_cost / (cost_per_token * mean)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn values_by_hand() {
        assert_relative_eq!(tokens_per_round(0.5, 3.0), 1.875, max_relative = 1e-12);
        assert_relative_eq!(tokens_per_round(0.0, 7.0), 1.0, max_relative = 1e-12);
        assert_relative_eq!(fixed_length_cost(0.5, 3.0, 0.1), 1.3 / 1.875, max_relative = 1e-12);
        assert_relative_eq!(best_fixed_length_cost(0.5, 22, 0.1), 1.2 / 1.75, max_relative = 1e-12);
        assert_relative_eq!(stopping_threshold(0.5, 0.8, 0.1), 0.75, max_relative = 1e-12);
    }

    quickcheck! {

        fn longer_rounds_emit_more_up_to_the_limit(alpha: u8, length: u8) -> bool {
            let (alpha, length) = (f64::from(alpha) / 256.0, f64::from(length % 64));
            let (now, next) = (tokens_per_round(alpha, length), tokens_per_round(alpha, length + 1.0));
            now <= next && next <= 1.0 / (1.0 - alpha) * (1.0 + 1e-12) && next <= length + 2.0
        }

        fn a_cheaper_draft_raises_the_threshold(cost: u8, mean: u8) -> bool {
            let (cost, mean) = (f64::from(cost) / 256.0, (f64::from(mean) + 1.0) / 256.0);
            stopping_threshold(0.5, mean, cost) >= stopping_threshold(0.5, mean, cost + 0.1)
        }
    }
}
