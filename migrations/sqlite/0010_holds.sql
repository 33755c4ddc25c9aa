-- What is held on a card stands in its head, which is written with its rows anyway: a row per hold was written twice a ride.
-- A line each: leg, satang, since when; tabs between. The same file for PostgreSQL has the same tables and columns.
alter table card_head add column holds text not null default '';
update card_head set holds = coalesce((
    select group_concat(leg || char(9) || amount_satang || char(9) || set_us || char(10), '')
    from (select leg, amount_satang, set_us from hold where hold.card = card_head.card order by leg)
), '');
drop table hold;
