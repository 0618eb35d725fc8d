//! The elastic-net path of a Cox model.
