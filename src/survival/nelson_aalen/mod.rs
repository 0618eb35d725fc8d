//! Nelson-Aalen: the cumulative hazard.
