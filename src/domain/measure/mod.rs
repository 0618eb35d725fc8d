//! The catalogue: each measurement type is declared once; forms, checks, charts, exports and documentation loop over it.
