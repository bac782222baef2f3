//! Property tests of the area `convex`.

#[path = "."]
mod convex {
    mod baselines;
    mod classics;
    mod instances;
}
