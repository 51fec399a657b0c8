-- The worker ends what is beyond its retention, and cannot touch a line of the last thirty days, whatever it is told.
grant delete on edge_journalline to garant_worker;
create policy retention on edge_journalline for delete to garant_worker using (garant_operator() and at < now() - interval '30 days');
