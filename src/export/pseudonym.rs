//! Names for patients that hold within one export alone (S-120).

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::domain::cohort::Measurement;
use crate::domain::id::PatientRef;

/// A key that is made for one export and forgotten with it: nobody can go back, and two exports can't be joined by name.
pub struct Pseudonyms {
    names: [u8; 32],
    order: [u8; 32],
}

impl Pseudonyms {
    /// From 32 random bytes.
    pub fn new(key: &[u8; 32]) -> Pseudonyms {
        Pseudonyms {
            names: mac(key, &[b"names"]),
            order: mac(key, &[b"order"]),
        }
    }

    /// Orders the rows: an order of ids would tell which patient is which.
    pub fn order(&self) -> &[u8] {
        &self.order
    }

    pub fn patient(&self, patient: PatientRef) -> String {
        self.name('P', &[&patient.site.0.to_be_bytes(), &patient.patient.0.to_be_bytes()])
    }

    /// One series is one analyte of one patient by one assay in one unit.
    pub fn series(&self, one: &Measurement) -> String {
        self.name(
            'S',
            &[
                &one.patient.site.0.to_be_bytes(),
                &one.patient.patient.0.to_be_bytes(),
                one.assay.as_bytes(),
                one.assay_version.as_bytes(),
                one.analyte.as_bytes(),
                one.unit.as_bytes(),
            ],
        )
    }

    /// A letter first, so that no program takes it for a number.
    fn name(&self, letter: char, parts: &[&[u8]]) -> String {
        let code = mac(&self.names, parts);
        let hex: String = code.iter().take(10).map(|byte| format!("{byte:02x}")).collect();
        format!("{letter}{hex}")
    }
}

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        // lengths keep ("a", "bc") apart from ("ab", "c")
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{PatientId, SiteId};

    fn patient(site: i32, id: i64) -> PatientRef {
        PatientRef {
            site: SiteId(site),
            patient: PatientId(id),
        }
    }

    #[test]
    fn a_name_holds_within_an_export_and_not_beyond() {
        let (one, two) = (Pseudonyms::new(&[1; 32]), Pseudonyms::new(&[2; 32]));
        assert_eq!(one.patient(patient(1, 7)), one.patient(patient(1, 7)));
        assert_ne!(one.patient(patient(1, 7)), two.patient(patient(1, 7)));
        assert_ne!(one.patient(patient(1, 7)), one.patient(patient(7, 1)));
        assert_ne!(one.order(), two.order());
        let name = one.patient(patient(1, 7));
        assert!(name.starts_with('P') && name.len() == 21, "{name}");
    }

    #[test]
    fn ten_thousand_patients_have_ten_thousand_names() {
        let names = Pseudonyms::new(&[3; 32]);
        let all: std::collections::HashSet<String> = (0..10_000).map(|id| names.patient(patient(1, id))).collect();
        assert_eq!(all.len(), 10_000);
    }
}
