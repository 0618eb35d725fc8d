//! One newtype for each kind of id, so that a visit's id can't be passed for a patient's.

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl From<$inner> for $name {
            fn from(id: $inner) -> $name {
                $name(id)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(/// A care centre; hospitals to users, `site_id` in every key.
    SiteId(i32));
id!(UserId(i32));
id!(SessionId(i64));
id!(PatientId(i64));
id!(TumourId(i64));
id!(VisitId(i64));
id!(ObservationId(i64));
id!(EventId(i64));
id!(FlagId(i64));
id!(TrialId(i32));
id!(AssayId(i32));
id!(RunId(i64));
id!(ModelId(i32));

/// A patient with the centre whose record it is: what every query needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PatientRef {
    pub site: SiteId,
    pub patient: PatientId,
}
