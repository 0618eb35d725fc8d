//! Loops over the lattice, compiled for each width of vector and chosen by what the processor has. The order of every sum stands in the
//! code (`message::sum`) and no product is fused with a sum: the bits are the same on all of them.

use pulp::Arch;

/// Runs `loops` at the widest; what it calls takes part where it is inlined, so that must be marked `inline(always)`.
#[inline(always)]
pub fn wide<R>(loops: impl FnOnce() -> R) -> R {
    Arch::new().dispatch(loops)
}
