//! What a coordinator enters at once.
