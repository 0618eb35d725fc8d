//! Who may do what: one function, `Actor::may`, decides (S-030, S-031). Default deny.

use super::id::{SessionId, SiteId, UserId};

/// A user holds exactly one role. `System` is the console and the night; nobody signs in as it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    Clinician,
    Coordinator,
    Analyst,
    Administrator,
    System,
}

impl Role {
    pub const ALL: [Role; 4] = [Role::Clinician, Role::Coordinator, Role::Analyst, Role::Administrator];

    pub fn code(self) -> &'static str {
        match self {
            Role::Clinician => "clinician",
            Role::Coordinator => "coordinator",
            Role::Analyst => "analyst",
            Role::Administrator => "administrator",
            Role::System => "system",
        }
    }

    pub fn from_code(code: &str) -> Option<Role> {
        [
            Role::Clinician,
            Role::Coordinator,
            Role::Analyst,
            Role::Administrator,
            Role::System,
        ]
        .into_iter()
        .find(|role| role.code() == code)
    }
}

/// One act on the registry. Each route names the one it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// The triage list and the risks on it.
    ReadTriage,
    /// Patient, visit and result pages; the page of a centre.
    ReadPatient,
    /// Visits, results, corrections.
    RecordVisit,
    AcknowledgeFlag,
    /// Cohorts, curves and de-identified export.
    QueryCohort,
    /// The model card, and how flags have done.
    ReadModel,
    /// Users, runs, the state of the system.
    Administer,
}

impl Permission {
    pub fn granted_to(self, role: Role) -> bool {
        use Role::{Administrator, Analyst, Clinician, Coordinator, System};
        match self {
            Permission::ReadTriage | Permission::ReadPatient => matches!(role, Clinician | Coordinator | System),
            Permission::RecordVisit => matches!(role, Coordinator | System),
            Permission::AcknowledgeFlag => matches!(role, Clinician),
            Permission::QueryCohort => matches!(role, Analyst),
            Permission::ReadModel => matches!(role, Clinician | Analyst | Administrator),
            Permission::Administer => matches!(role, Administrator | System),
        }
    }
}

/// Who acts, and over which centres.
#[derive(Clone, Debug)]
pub struct Actor {
    pub user: UserId,
    pub name: String,
    pub role: Role,
    pub sites: Vec<SiteId>,
    pub unblinded: bool,
    pub session: Option<SessionId>,
    pub request: Option<uuid::Uuid>,
}

/// The answer to a missing right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not allowed: {0:?}")]
pub struct Denied(pub Permission);

impl Actor {
    pub fn may(&self, permission: Permission) -> Result<(), Denied> {
        if permission.granted_to(self.role) {
            Ok(())
        } else {
            Err(Denied(permission))
        }
    }

    /// The console: `metwatch import`, `user add`. Acts over the centres it is given.
    pub fn console(sites: Vec<SiteId>) -> Actor {
        Actor {
            user: UserId(1),
            name: "console".into(),
            role: Role::System,
            sites,
            unblinded: false,
            session: None,
            request: None,
        }
    }

    /// The sign-in page, before it is known who stands there.
    pub fn door() -> Actor {
        Actor {
            user: UserId(3),
            name: "door".into(),
            role: Role::System,
            sites: vec![],
            unblinded: false,
            session: None,
            request: None,
        }
    }

    /// The nightly run.
    pub fn night() -> Actor {
        Actor {
            user: UserId(2),
            name: "night".into(),
            role: Role::System,
            sites: vec![],
            unblinded: false,
            session: None,
            request: None,
        }
    }
}
