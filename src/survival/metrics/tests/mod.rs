//! The measures against reference results on real data, and against their definitions on small made-up data.

mod competing;
mod definitions;
mod degenerate;
mod external;
mod further;
mod landmark;
