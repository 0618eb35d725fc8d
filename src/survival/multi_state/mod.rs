//! Aalen-Johansen for any states: the chance to be in each at a time.
