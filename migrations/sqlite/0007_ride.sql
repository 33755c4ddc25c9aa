-- Trips that ran, as facts on which prices rest: a new timetable changes nothing of them. calls: a line each, of sequence,
-- stop, aimed, arrived and left, times in microseconds, tabs between.
create table ride (
    service_day text not null,
    trip text not null,
    start_s integer not null,
    route text not null,
    agency text not null,
    vehicle text not null,
    calls text not null,
    primary key (service_day, trip, start_s)
) strict, without rowid;
