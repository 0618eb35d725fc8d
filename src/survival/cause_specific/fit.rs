//! One Cox fit a cause.

use linfa::dataset::{AsSingleTargets, DatasetBase};
use linfa::traits::Fit;
use linfa::{Dataset, ParamGuard};
use ndarray::{Array1, Array2, ArrayBase, Axis, Data, Ix2};

use super::{CauseSpecific, CauseSpecificValidParams};
use crate::survival::{Cox, CoxModel, Error, FollowUp, Provenance};

impl<D: Data<Elem = f64>, T: AsSingleTargets<Elem = FollowUp>> Fit<ArrayBase<D, Ix2>, T, Error>
    for CauseSpecificValidParams
{
    type Object = CauseSpecific;

    fn fit(&self, dataset: &DatasetBase<ArrayBase<D, Ix2>, T>) -> Result<CauseSpecific, Error> {
        let targets: Array1<FollowUp> = dataset.as_single_targets().to_owned();
        let weights = self.weights.clone().or_else(|| {
            let weights = dataset.weights().filter(|weights| !weights.is_empty())?;
            Some(weights.iter().map(|w| f64::from(*w)).collect())
        });
        let records = dataset.records.to_owned();
        if records.nrows() != targets.len() {
            return Err(Error::Lengths {
                records: records.nrows(),
                targets: targets.len(),
            });
        }
        let columns = self.lists(records.ncols(), &targets)?;
        let provenance = Provenance::of(records.view(), &targets.to_vec(), weights.as_deref());
        let names = dataset.feature_names().to_vec();
        let mut models = Vec::with_capacity(columns.len());
        let mut data = Dataset::new(records, targets).with_feature_names(names.clone());
        for (cause, columns) in (1..).zip(&columns) {
            models.push(self.model(cause, columns, &weights, &mut data)?);
        }
        Ok(CauseSpecific {
            models,
            columns,
            width: data.records.ncols(),
            names,
            provenance,
        })
    }
}

impl CauseSpecificValidParams {
    /// The columns of each cause's model.
    fn lists(&self, width: usize, targets: &Array1<FollowUp>) -> Result<Vec<Vec<usize>>, Error> {
        let refuse = |name, value| Err(Error::Parameter { name, value });
        let largest = targets.iter().map(FollowUp::event).max().ok_or(Error::Empty)?;
        let causes = self.causes.unwrap_or(largest.max(2));
        if largest > causes {
            return refuse("a cause beyond those that are modelled", f64::from(largest));
        }
        // A code that never comes would be a model without events; a wild one would be many.
        let mut seen: Vec<u32> = targets.iter().map(FollowUp::event).filter(|event| *event > 0).collect();
        seen.sort_unstable();
        seen.dedup();
        if seen.len() < causes as usize {
            return Err(Error::NoEvents);
        }
        let all = || vec![(0..width).collect(); causes as usize];
        let lists: Vec<Vec<usize>> = self.columns.clone().unwrap_or_else(all);
        if lists.len() != causes as usize {
            return refuse("the number of lists of columns", lists.len() as f64);
        }
        match lists.iter().flatten().find(|j| **j >= width) {
            Some(j) => refuse("a column of a cause", *j as f64),
            None => Ok(lists),
        }
    }

    fn model(
        &self,
        cause: u32,
        columns: &[usize],
        weights: &Option<Vec<f64>>,
        data: &mut Dataset<f64, FollowUp, ndarray::Ix1>,
    ) -> Result<CoxModel, Error> {
        let mut params = Cox::params().ties(self.ties).cause(cause);
        if let Some(weights) = weights {
            params = params.weights(weights.clone());
        }
        let params = params.check()?;
        if columns.iter().copied().eq(0..data.records.ncols()) {
            return params.fit(data);
        }
        let some: Array2<f64> = data.records.select(Axis(1), columns);
        let names = data.feature_names();
        let names: Vec<String> = columns.iter().filter_map(|j| names.get(*j).cloned()).collect();
        params.fit(&Dataset::new(some, data.targets.clone()).with_feature_names(names))
    }
}
