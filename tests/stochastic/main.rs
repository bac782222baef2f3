//! Property tests of the area `stochastic`.

#[path = "."]
mod stochastic {
    mod instances;
    mod u_dog;
}
