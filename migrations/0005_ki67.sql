-- The share of tumour cells in cycle: a baseline factor of the risk.
alter table tumour add column ki67_percent numeric(4, 1) check (ki67_percent between 0 and 100);
