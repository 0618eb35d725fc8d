-- Where a risk stands among all of its run is read off the run's spread. Kept in each score it was written in a second pass over all of
-- them, every night, since one risk that moves moves the standing of the others.
alter table run add column risk_spread double precision[];  -- element k: the least risk that k in 1,000 do not exceed; 1,000 of them
-- When a trial's blinding was last changed (null: never): scores that were made with its arm, or without, are not carried over.
alter table trial add column blinded_at timestamptz;
-- `score.percentile` stays for the nights before this one and goes in a later release.
