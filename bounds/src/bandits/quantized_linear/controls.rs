//! Other ways to share, plain and broken.

use rand::Rng;
use ratebook::bandits::agents::Link;
use ratebook::bandits::quantized_linear::{Differences, Epoch, Knowledge, Quantiser, Sharing};

/// Sends whole estimates, quantised on [−1, 1] with the same steps: the levels double with every epoch.
#[derive(Debug, Clone, Copy)]
pub struct WholeEstimates;

impl Sharing for WholeEstimates {
    fn share(
        &self,
        epoch: &Epoch,
        local: &[f64],
        known: &mut Knowledge,
        link: &mut Link,
        rng: &mut dyn Rng,
    ) -> ratebook::Result<()> {
        let dim = known.agents.len();
        let agents = local.len() / dim;
        let (up, down) =
            [epoch.alpha, epoch.tau].map(|error| Quantiser::new(1.0, error / (dim as f64).sqrt())).into();
        let (up, down) = (up?, down?);
        known.server.fill(0.0);
        for estimate in local.chunks_exact(dim) {
            let message = link.upload(up.message(estimate, rng));
            known.server.iter_mut().zip(message.decode()).for_each(|(sum, x)| *sum += x / agents as f64);
        }
        let message = link.broadcast(down.message(&known.server, rng), agents);
        known.agents = message.decode().collect();
        Ok(())
    }
}

/// Sends real numbers: what sharing without a limit on bits does.
#[derive(Debug, Clone, Copy)]
pub struct RealNumbers;

impl Sharing for RealNumbers {
    fn share(
        &self,
        _: &Epoch,
        local: &[f64],
        known: &mut Knowledge,
        link: &mut Link,
        _: &mut dyn Rng,
    ) -> ratebook::Result<()> {
        let dim = known.agents.len();
        let agents = local.len() / dim;
        known.server.fill(0.0);
        for estimate in local.chunks_exact(dim) {
            let message = link.upload(estimate.to_vec());
            known.server.iter_mut().zip(message).for_each(|(sum, x)| *sum += x / agents as f64);
        }
        known.agents = link.broadcast(known.server.clone(), agents);
        Ok(())
    }
}

/// A broken sharing: the server averages over the first agent alone.
#[derive(Debug, Clone, Copy)]
pub struct OneAgent;

impl Sharing for OneAgent {
    fn share(
        &self,
        epoch: &Epoch,
        local: &[f64],
        known: &mut Knowledge,
        link: &mut Link,
        rng: &mut dyn Rng,
    ) -> ratebook::Result<()> {
        let first = &local[..known.agents.len()];
        Differences.share(epoch, first, known, link, rng)
    }
}

/// A broken sharing: nobody sends anything after the first epoch.
#[derive(Debug, Clone, Copy)]
pub struct FirstEpochOnly;

impl Sharing for FirstEpochOnly {
    fn share(
        &self,
        epoch: &Epoch,
        local: &[f64],
        known: &mut Knowledge,
        link: &mut Link,
        rng: &mut dyn Rng,
    ) -> ratebook::Result<()> {
        if epoch.index > 1 { Ok(()) } else { Differences.share(epoch, local, known, link, rng) }
    }
}
