//! Property tests of the area `rl`.

#[path = "."]
mod rl {
    mod cvar_ucb_vi;
    mod instances;
}
