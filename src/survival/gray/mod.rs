//! Gray's test: do groups have the same cumulative incidence?
