//! Every data set of a small universe, and every neighbour of each: what an exhaustive audit walks.

/// Every record of `columns` bits, 2^`columns` of them, in binary order.
pub fn binary_records(columns: usize) -> Vec<Vec<bool>> {
    (0..1usize << columns).map(|word| (0..columns).map(|j| word >> j & 1 == 1).collect()).collect()
}

/// Every sequence of `length` elements of `alphabet`, |alphabet|^length of them, in counting order.
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
        assert_eq!(sequences(&records, 0).count(), 1);
    }
}
