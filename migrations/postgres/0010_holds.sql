-- What is held on a card stands in its head, which is written with its rows anyway: a row per hold was written twice a ride.
-- A line each: leg, satang, since when; tabs between. The same file for SQLite has the same tables and columns.
alter table card_head add column holds text not null default '';
update card_head set holds = coalesce((
    select string_agg(leg || chr(9) || amount_satang || chr(9) || set_us || chr(10), '' order by leg)
    from hold where hold.card = card_head.card
), '');
drop table hold;
