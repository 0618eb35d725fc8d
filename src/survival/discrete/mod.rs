//! Hazards per interval: person-period rows and their regression.
