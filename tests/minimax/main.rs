//! Property tests of the area `minimax`.

#[path = "."]
mod minimax {
    mod infeasibility_detection;
    mod instances;
}
