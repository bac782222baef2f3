//! Every sequence over an alphabet: what exhaustive checks walk.

/// Every sequence of `length` elements of `alphabet`, |alphabet|^length of them, in counting order: the
/// first element changes fastest.
pub fn sequences<T: Clone>(alphabet: &[T], length: usize) -> impl Iterator<Item = Vec<T>> + '_ {
    let count = alphabet.len().pow(length as u32);
    (0..count).map(move |index| {
        let digits = (0..length).scan(index, |rest, _| {
            let digit = *rest % alphabet.len();
            *rest /= alphabet.len();
            Some(digit)
        });
        digits.map(|digit| alphabet[digit].clone()).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_them_once_in_order() {
        let pairs: Vec<Vec<char>> = sequences(&['a', 'b'], 2).collect();
        assert_eq!(pairs, [['a', 'a'], ['b', 'a'], ['a', 'b'], ['b', 'b']]);
        assert_eq!(sequences(&[0, 1, 2], 4).collect::<std::collections::BTreeSet<_>>().len(), 81);
        // There is one empty sequence, and none that is longer over nothing.
        assert_eq!((sequences(&[0; 0], 0).count(), sequences(&[0; 0], 2).count()), (1, 0));
    }
}
