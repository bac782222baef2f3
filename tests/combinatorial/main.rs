//! Property tests of the area `combinatorial`.

#[path = "."]
mod combinatorial {
    mod instances;
    mod plus_strategy;
}
