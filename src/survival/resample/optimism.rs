//! How much better a model looks on the data it was fitted to than on others.

use super::{Bootstrap, Draw};
use crate::survival::Error;

/// One measure, before and after.
#[derive(Clone, Debug, PartialEq)]
pub struct Corrected {
    /// Of the model on its own data.
    pub apparent: f64,
    /// Mean over the replicates of (measure on the data drawn − measure on all data) of a model fitted to the data drawn.
    pub optimism: f64,
    /// Apparent less optimism.
    pub corrected: f64,
    /// The optimism of each replicate that could be fitted.
    pub replicates: Vec<f64>,
    /// Replicates whose fit or measure failed: those are left out.
    pub failed: usize,
}

impl Bootstrap<'_> {
    /// Harrell's optimism-corrected estimate, one for each number that `measure` gives. Every step that looked at the data (choice of
    /// columns, of knots, of a penalty) belongs into `fit`. Harrell et al., Stat Med 1996;15:361.
    ///
    /// ```
    /// use metwatch::survival::Error;
    /// use metwatch::survival::resample::{Bootstrap, Draw};
    ///
    /// let values = [1.0, 2.0, 4.0, 8.0, 9.0];
    /// let bootstrap = Bootstrap { replicates: 200, seed: 1, clusters: None };
    /// let mean = |draw: &Draw| draw.rows.iter().map(|i| values[*i]).sum::<f64>() / draw.rows.len() as f64;
    /// // How far the values lie from the mean that was fitted to them.
    /// let error = |fitted: &f64, draw: &Draw| {
    ///     let squares = draw.rows.iter().map(|i| (values[*i] - fitted).powi(2));
    ///     Ok(vec![squares.sum::<f64>() / draw.rows.len() as f64])
    /// };
    /// let corrected = &bootstrap.optimism(5, |draw| Ok::<_, Error>(mean(draw)), error)?[0];
    /// assert!(corrected.optimism < 0.0 && corrected.corrected > corrected.apparent);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// Errors: those of `run`; what `fit` or `measure` say of all the data; what the last replicate says where none could be fitted.
    pub fn optimism<M, E: From<Error> + Send>(
        &self,
        n: usize,
        fit: impl Fn(&Draw) -> Result<M, E> + Sync,
        measure: impl Fn(&M, &Draw) -> Result<Vec<f64>, E> + Sync,
    ) -> Result<Vec<Corrected>, E> {
        let all = Draw::whole(n, self.clusters);
        let apparent = measure(&fit(&all)?, &all)?;
        let replicates = self.run(n, |draw| {
            let model = fit(draw)?;
            Ok::<_, E>((measure(&model, draw)?, measure(&model, &all)?))
        })?;
        let (mut kept, mut failed, mut last) = (Vec::new(), 0, None);
        for replicate in replicates {
            match replicate {
                Ok((own, other)) => kept.push(own.into_iter().zip(other).map(|(a, b)| a - b).collect::<Vec<f64>>()),
                Err(error) => (failed, last) = (failed + 1, Some(error)),
            }
        }
        if let (true, Some(error)) = (kept.is_empty(), last) {
            return Err(error);
        }
        let one = |(k, apparent): (usize, f64)| {
            let replicates: Vec<f64> = kept.iter().filter_map(|r| r.get(k).copied()).collect();
            let optimism = replicates.iter().sum::<f64>() / replicates.len().max(1) as f64;
            Corrected {
                apparent,
                optimism,
                corrected: apparent - optimism,
                replicates,
                failed,
            }
        };
        Ok(apparent.into_iter().enumerate().map(one).collect())
    }
}
