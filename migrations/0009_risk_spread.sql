-- Where a risk stands among all of its run is read off the run's spread. Kept in each score it was written in a second pass over all of
-- them, every night, since one risk that moves moves the standing of the others.
alter table run add column risk_spread double precision[];  -- element k: the least risk that k in 1,000 do not exceed; 1,000 of them
-- `score.percentile` stays for the nights before this one and goes in a later release.
