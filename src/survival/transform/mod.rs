//! Columns from a column: restricted cubic splines, fractional polynomials.
