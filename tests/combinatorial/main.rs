//! Property tests of the area `combinatorial`.

#[path = "."]
mod combinatorial {
    mod bit_set;
    mod plus_strategy;
}
