//! Every data set of a small universe, and every neighbour of each: what an exhaustive audit walks.

use crate::math::sequences::sequences;

/// Every record of `columns` bits, 2^`columns` of them, in binary order.
pub fn binary_records(columns: usize) -> Vec<Vec<bool>> {
    sequences(&[false, true], columns).collect()
}

/// Every data set that differs from `data` by the replacement of exactly one element with another
/// of `alphabet`: the *replace-one* neighbours.
pub fn replace_one<'a, T: Clone + PartialEq>(
    data: &'a [T],
    alphabet: &'a [T],
) -> impl Iterator<Item = Vec<T>> + 'a {
    (0..data.len()).flat_map(move |i| {
        alphabet.iter().filter(move |&other| *other != data[i]).map(move |other| {
            let mut neighbour = data.to_vec();
            neighbour[i] = other.clone();
            neighbour
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_distances() {
        let records = binary_records(2);
        assert_eq!(records.len(), 4);
        let all: Vec<_> = sequences(&records, 3).collect();
        assert_eq!(all.len(), 64);
        assert!(all.iter().enumerate().all(|(i, stream)| !all[..i].contains(stream)));
        for stream in &all {
            let neighbours: Vec<_> = replace_one(stream, &records).collect();
            assert_eq!(neighbours.len(), 3 * 3);
            for neighbour in neighbours {
                assert_eq!(stream.iter().zip(&neighbour).filter(|(a, b)| a != b).count(), 1);
            }
        }
    }
}
